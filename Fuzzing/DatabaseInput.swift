import Glibc
import LevelDB

/// A LevelDB folder as one input: its files one after the other.
///
/// A file is a byte for what it is, two for its number (the highest bit: checksums are mended), two for
/// its length, and its bytes. A change of a byte would else only ever meet the checksum that covers it.
enum DatabaseInput {
  /// Where folders are made: memory, if there is such a place.
  static let scratch = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"

  /// Whether the checksums of tables are mended, too.
  ///
  /// LevelDB's own assertions end the process for keys in an order or of a number that it never writes, which
  /// only a forger gives to a table. Of those, the importer refuses some and leaves others to LevelDB.
  static let mendsTables = getenv("GITSTATE_FUZZ_TABLES") != nil

  /// The files of an input, at most twelve; a later one of the same name takes an earlier one's place.
  static func files(_ input: [UInt8], mendingTables: Bool = mendsTables) -> [(
    name: String, bytes: [UInt8]
  )] {
    var files: [(name: String, bytes: [UInt8])] = []
    var rest = input[...]
    while rest.count >= 5, files.count < 12 {
      let head = Array(rest.prefix(5))
      let number = Int(head[1]) | Int(head[2] & 0x7F) << 8
      let bytes = Array(rest.dropFirst(5).prefix(Int(head[3]) | Int(head[4]) << 8))
      rest = rest.dropFirst(5 + bytes.count)
      let isMended = head[2] & 0x80 != 0
      let isMendedTable = isMended && mendingTables
      let digits = "\(number)"
      let name = String(repeating: "0", count: 6 - digits.count) + digits
      switch head[0] % 5 {
      case 0: files.append(("CURRENT", bytes))
      case 1: files.append(("MANIFEST-\(name)", isMended ? Checksums.ofLog(bytes) : bytes))
      case 2: files.append(("\(name).log", isMended ? Checksums.ofLog(bytes) : bytes))
      case 3: files.append(("\(name).ldb", isMendedTable ? Checksums.ofTable(bytes) : bytes))
      default: files.append(("\(name).sst", isMendedTable ? Checksums.ofTable(bytes) : bytes))
      }
    }
    return files
  }

  /// Writes a file.
  static func write(_ bytes: [UInt8], to path: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    precondition(file >= 0, path)
    var start = 0
    while start < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(file, $0.baseAddress?.advanced(by: start), bytes.count - start)
      }
      precondition(count > 0, path)
      start += count
    }
    close(file)
  }
}

extension DatabaseInput {
  /// Makes inputs: of folders that were written by others, and of some that LevelDB writes now.
  static func writeSeeds(to corpus: String, of folders: [String]) {
    for (number, folder) in folders.enumerated() { keep(folder, corpus, "given-\(number)") }
    for kind in ["log", "table", "both", "removed", "reopened"] {
      let folder = "\(scratch)/gitstate-seed-\(getpid())-\(kind)"
      defer { remove(folder) }
      do {
        try make(kind, folder)
        keep(folder, corpus, kind)
      } catch {
        preconditionFailure("\(error)")
      }
    }
  }

  private static func make(_ kind: String, _ folder: String) throws {
    var options = Database.Options()
    options.createIfMissing = true
    do {
      let database = try Database(path: folder, options: options)
      for number in 0..<8 { try put(database, number) }
      if kind == "table" || kind == "both" { database.compact() }
      if kind == "both" { for number in 4..<12 { try put(database, number) } }
      if kind == "removed" { try database.removeValue(forKey: Array("56-Token3".utf8)) }
    }
    if kind == "reopened" {
      for number in 8..<11 { try put(try Database(path: folder), number) }
    }
  }

  private static func put(_ database: borrowing Database, _ number: Int) throws {
    let address = "0x" + String(repeating: "\(number % 10)", count: 40)
    let value = """
      {"contractName":"Token\(number)","chainId":56,"networkName":"bsc","address":"\(address)",\
      "factoryByteCodeHash":"","deploymentArgs":[1e18,"x"],"timestamp":\(number)}
      """
    try database.put(Array(value.utf8), forKey: Array("56-Token\(number)".utf8))
  }

  /// Writes a folder as one input as it is, and one whose checksums are mended.
  private static func keep(_ folder: String, _ corpus: String, _ name: String) {
    var plain: [UInt8] = []
    var mended: [UInt8] = []
    for file in names(folder) {
      let number = file.split { !$0.isNumber }.first.flatMap { Int($0) } ?? 0
      let kind: UInt8
      switch file {
      case "CURRENT": kind = 0
      case _ where file.hasPrefix("MANIFEST-"): kind = 1
      case _ where file.hasSuffix(".log"): kind = 2
      case _ where file.hasSuffix(".ldb"): kind = 3
      case _ where file.hasSuffix(".sst"): kind = 4
      default: continue
      }
      let bytes = read("\(folder)/\(file)")
      guard bytes.count < 65536, number < 32768 else {
        print("left out: \(folder)/\(file)")
        continue
      }
      let (low, high) = (UInt8(number & 255), UInt8(number >> 8))
      let length = [UInt8(bytes.count & 255), UInt8(bytes.count >> 8)]
      plain += [kind, low, high] + length + bytes
      mended += [kind, low, high | 0x80] + length + bytes
    }
    write(plain, to: "\(corpus)/leveldb-\(name)")
    write(mended, to: "\(corpus)/leveldb-\(name)-mended")
  }

  private static func names(_ folder: String) -> [String] {
    guard let stream = opendir(folder) else { preconditionFailure(folder) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names.sorted()
  }

  private static func read(_ path: String) -> [UInt8] {
    let file = open(path, O_RDONLY)
    precondition(file >= 0, path)
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = Glibc.read(file, &buffer, buffer.count)
      precondition(count >= 0, path)
      if count == 0 { return bytes }
      bytes += buffer.prefix(count)
    }
  }

  private static func remove(_ folder: String) {
    for name in names(folder) { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }
}
