import Foundation
import SystemPackage
import TestSupport

/// All that a folder tree holds: names, contents, modes, links and, if wanted, times.
///
/// What belongs to this clone alone (`.git/gitstate`: locks and notes) is left out.
struct TreeRecord: Equatable {
  struct Entry: Equatable {
    var content: [UInt8]
    var mode: UInt32
    var times: [Int]
  }

  private(set) var entries: [String: Entry] = [:]

  init(_ root: FilePath, withTimes: Bool = false) throws {
    try add(root, "", withTimes)
  }

  private mutating func add(_ path: FilePath, _ name: String, _ withTimes: Bool) throws {
    var status = stat()
    guard lstat(path.string, &status) == 0 else { throw Errno(rawValue: errno) }
    var entry = Entry(content: [], mode: status.st_mode, times: [])
    if withTimes { entry.times = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec] }
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      entries[name] = entry
      for child in try TestSupport.entries(of: path) {
        let childName = name.isEmpty ? child : "\(name)/\(child)"
        if childName.hasSuffix(".git/gitstate") || childName == "gitstate" { continue }
        try add(path.appending(child), childName, withTimes)
      }
      return
    case S_IFLNK:
      entry.content = Array(
        try FileManager.default.destinationOfSymbolicLink(atPath: path.string).utf8)
    default: entry.content = try readFile(path)
    }
    entries[name] = entry
  }

  /// The names of what is not the same in another record.
  func differences(to other: TreeRecord) -> [String] {
    Set(entries.keys).union(other.entries.keys).filter { entries[$0] != other.entries[$0] }.sorted()
  }
}
