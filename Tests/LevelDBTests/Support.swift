import Glibc
import LevelDB
import SystemPackage
import TestSupport

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// What a body throws; nil if it succeeds or throws something that is not LevelDB's.
func failure(_ body: () throws -> Void) -> LevelDBError? {
  do {
    try body()
    return nil
  } catch {
    return error as? LevelDBError
  }
}

/// A key and its value, as text.
struct Pair: Equatable, Sendable {
  let key: String
  let value: String

  init(_ key: String, _ value: String) {
    self.key = key
    self.value = value
  }

  init(_ key: [UInt8], _ value: [UInt8]) {
    self.init(String(decoding: key, as: UTF8.self), String(decoding: value, as: UTF8.self))
  }

  /// `count` pairs, in key order.
  static func numbered(_ count: Int) -> [Pair] {
    (100..<100 + count).map { Pair("key\($0)", "value \($0)") }
  }
}

/// Makes a database with pairs, in its write-ahead log or compacted into a table, and closes it.
func makeDatabase(_ path: FilePath, _ pairs: [Pair], compacted: Bool = false) throws {
  let database = try Database(path: path.string, options: .creatingNew)
  for pair in pairs {
    try database.put(bytes(pair.value), forKey: bytes(pair.key), durability: .unsynced)
  }
  if compacted { database.compact() }
}

extension Database {
  /// All pairs that an iteration gives.
  borrowing func pairs(from start: String? = nil, prefix: String? = nil) throws -> [Pair] {
    var pairs: [Pair] = []
    try forEach(from: start.map(bytes), prefix: prefix.map(bytes)) { key, value in
      pairs.append(Pair(key, value))
      return .next
    }
    return pairs
  }
}

/// The one file of a folder whose name ends so.
func onlyFile(in folder: FilePath, suffix: String) throws -> FilePath {
  let names = try entries(of: folder).filter { $0.hasSuffix(suffix) }
  guard names.count == 1 else { throw TestFailure("\(names) instead of one file \(suffix)") }
  return folder.appending(names[0])
}

/// All of a folder that a program could have changed: contents, times, modes, inode numbers.
struct FolderRecord: Equatable {
  private struct Entry: Equatable {
    let name: String
    let content: [UInt8]
    let inode: UInt64
    let mode: UInt32
    let times: [Int]
  }

  private let entries: [Entry]

  init(_ folder: FilePath) throws {
    entries = try (["."] + TestSupport.entries(of: folder)).map { name in
      let path = name == "." ? folder : folder.appending(name)
      var status = stat()
      guard lstat(path.string, &status) == 0 else { throw Errno(rawValue: errno) }
      return Entry(
        name: name, content: name == "." ? [] : try readFile(path), inode: UInt64(status.st_ino),
        mode: status.st_mode,
        times: [
          status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
          status.st_ctim.tv_nsec,
        ])
    }
  }
}

/// Whether another process could lock a file now as LevelDB locks LOCK.
func canBeLockedByAnotherProcess(_ file: FilePath) async throws -> Bool {
  let script = """
    use Fcntl;
    open(my $file, '+<', $ARGV[0]) or exit 2;
    my $lock = pack('s s x4 q q l x4', F_WRLCK, 0, 0, 0, 0);
    fcntl($file, F_SETLK, $lock) or exit 1;
    """
  let result = try await runProgram(
    "perl", ["-e", script, file.string], in: ScratchDirectory.current.path)
  guard result.status < 2 else { throw TestFailure("perl: \(result.errors)") }
  return result.status == 0
}
