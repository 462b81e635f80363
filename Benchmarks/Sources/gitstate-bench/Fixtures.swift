import Foundation
import GitState

/// Makes the folders and repositories that are measured.
struct Fixtures {
  let root: String

  func folder(_ name: String) throws -> String {
    let path = "\(root)/\(name)"
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  /// A repository without a commit, where git syncs all that it writes.
  ///
  /// It has the 256 folders of loose objects, as each has after some hundred commits: to make them costs whoever
  /// comes first.
  func repository(_ name: String) throws -> String {
    let path = try folder(name)
    try run("git", ["init", "-q", "-b", "main"], in: path)
    try run("git", ["config", "core.fsync", "all"], in: path)
    try run("git", ["config", "user.name", "Ada"], in: path)
    try run("git", ["config", "user.email", "ada@example.org"], in: path)
    for number in 0..<256 {
      try FileManager.default.createDirectory(
        atPath: "\(path)/.git/objects/" + String(format: "%02x", number),
        withIntermediateDirectories: true)
    }
    return path
  }

  /// A repository whose file has so many contracts, in one commit.
  func repository(_ name: String, contracts: Int) throws -> String {
    let path = try repository(name)
    let backend = try GitBackend(GitBackendOptions(directory: path))
    let records = (0..<contracts).map { Self.contract($0, address: 1) }
    try apply(records, to: backend)
    return path
  }

  /// Writes records as one commit.
  func apply(_ records: [Contract], to backend: GitBackend) throws {
    let operation = GitState.Operation(.transaction, records.map { .put($0) })
    for result in backend.apply([operation]) { _ = try result.get() }
  }

  static func contract(_ number: Int, chain: UInt64 = 56, address: Int) -> Contract {
    Contract(
      name: String(format: "Token%06d", number), chainID: ChainID(integerLiteral: chain),
      networkName: "net\(chain)", address: Self.address(address),
      factoryByteCodeHash: "0x" + String(format: "%064x", number &* 7919 &+ address),
      timestamp: Int64(1_700_000_000_000 + number))
  }

  static func address(_ number: Int) -> String { "0x" + String(format: "%040x", number + 1) }
}

extension Fixtures {
  /// Makes a history of so many commits, each of which changes one of ten contracts, with git's own
  /// `fast-import`, and checks it out.
  func makeHistory(_ commits: Int, in path: String) throws {
    let stream = "\(root)/history.stream"
    try Data().write(to: URL(fileURLWithPath: stream))
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: stream))
    var buffer = Data()
    for number in 1...commits {
      var entries: [String] = []
      for contract in 0..<10 {
        let last = number - (number - contract + 10) % 10
        entries.append(
          """
              "Token\(String(format: "%06d", contract))": {
                "proxy": "\(Self.address(max(0, last)))",
                "implementation": "\(Self.address(max(0, last)))",
                "timestamp": 1700000000000
              }
          """)
      }
      let content =
        "{\n  \"network\": \"net56\",\n  \"chainId\": 56,\n  \"contracts\": {\n"
        + entries.joined(separator: ",\n") + "\n  }\n}\n"
      let message = "net56: change\n\nGitState-Operation: put\nGitState-Contract: 56-Token\n"
      buffer += Data(
        """
        commit refs/heads/main
        committer Ada <ada@example.org> \(1_700_000_000 + number) +0000
        data \(message.utf8.count)
        \(message)M 100644 inline deployments/net56.json
        data \(content.utf8.count)
        \(content)

        """.utf8)
      if buffer.count > 1 << 20 {
        try file.write(contentsOf: buffer)
        buffer = Data()
      }
    }
    try file.write(contentsOf: buffer)
    try file.close()
    let input = try FileHandle(forReadingFrom: URL(fileURLWithPath: stream))
    try run("git", ["fast-import", "--quiet"], in: path, input: input)
    try run("git", ["reset", "-q", "--hard"], in: path)
  }
}
