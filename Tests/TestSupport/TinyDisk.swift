import Glibc
public import SystemPackage
import Testing

/// Mounts a file system of so many KiB in memory for the time of a body, in the test's scratch folder.
public func withTinyDisk(_ size: Int, _ body: (FilePath) async throws -> Void) async throws {
  let scratch = ScratchDirectory.current.path
  let disk = scratch.appending("disk")
  try makeFolders(disk)
  let mounted = try await runProgram(
    "mount", ["-t", "tmpfs", "-o", "size=\(size)k", "tmpfs", disk.string], in: scratch)
  try #require(mounted.status == 0, "\(mounted.errors)")
  let failure: (any Error)?
  do {
    try await body(disk)
    failure = nil
  } catch {
    failure = error
  }
  let unmounted = try await runProgram("umount", [disk.string], in: scratch)
  #expect(unmounted.status == 0, "\(unmounted.errors)")
  if let failure { throw failure }
}

/// Whether file systems can be mounted: root in a container may not.
public let mayMount: Bool = {
  guard geteuid() == 0 else { return false }
  let path = "/proc/self/status"
  guard let status = try? readFile(FilePath(path)) else { return false }
  let line = String(decoding: status, as: UTF8.self).split(separator: "\n")
    .first { $0.hasPrefix("CapEff:") }
  let capabilities = line.flatMap {
    UInt64($0.split(separator: "\t").last ?? "", radix: 16)
  }
  return (capabilities ?? 0) & (1 << 21) != 0  // CAP_SYS_ADMIN
}()
