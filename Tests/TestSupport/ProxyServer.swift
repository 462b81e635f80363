import Foundation
import SystemPackage

/// A real tinyproxy on this machine.
public struct ProxyServer: Sendable {
  /// Its port on 127.0.0.1.
  public let port: Int
  private let log: FilePath

  /// Why it cannot run here; nil where it can.
  public static var reasonNotToRun: String? {
    exists("/usr/bin/tinyproxy") ? nil : "tinyproxy is not installed"
  }

  /// Its URL.
  public var url: String { "http://127.0.0.1:\(port)" }

  /// How many connections it has made for others so far.
  public var connections: Int {
    get throws {
      let text = String(decoding: try readFile(log), as: UTF8.self)
      return text.split(separator: "\n").count { $0.contains("CONNECT localhost:") }
    }
  }

  /// Runs a body while a proxy runs.
  ///
  /// - Parameters:
  ///   - login: A user and a password, with a space between them, that it asks for; nil asks for none.
  ///   - body: What is done meanwhile.
  /// - Throws: What the body throws, and where no proxy can be started.
  public static func with(
    login: String? = nil, _ body: @Sendable (ProxyServer) async throws -> Void
  ) async throws {
    let folder = try makeFolder(ScratchDirectory.current.path.appending("proxy"))
    try await TestPort.retrying { port in
      try writeFile(
        folder.appending("config"),
        """
        Port \(port)
        Listen 127.0.0.1
        Timeout 60
        LogFile "\(folder)/log"
        LogLevel Connect
        PidFile "\(folder)/pid"
        MaxClients 20
        Allow 127.0.0.1
        \(login.map { "BasicAuth \($0)" } ?? "")

        """)
      let started = try await runProgram(
        "/usr/bin/tinyproxy", ["-c", "\(folder)/config"], in: folder)
      guard started.status == 0 else { return false }
      return try await TestPort.isOpen(port, until: folder.appending("pid"))
    } then: { port in
      let result: Result<Void, any Error>
      do {
        result = .success(try await body(ProxyServer(port: port, log: folder.appending("log"))))
      } catch {
        result = .failure(error)
      }
      try TestPort.end(processIn: folder.appending("pid"))
      try result.get()
    }
  }
}
