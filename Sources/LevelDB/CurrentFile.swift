import Glibc

extension Folder {
  /// Whether a database is in the folder, as far as its file CURRENT tells.
  ///
  /// LevelDB would first rotate LOG and create LOCK, and then say little. It would even start an
  /// empty database in a folder that has tables but lost its CURRENT, and delete the tables.
  ///
  /// - Returns: False for a folder without a trace of a database.
  /// - Throws: ``LevelDBError/Code/corruption`` if a database was there and CURRENT is unusable.
  borrowing func checkCurrentFile() throws(LevelDBError) -> Bool {
    let files = try databaseFiles().map(\.name)
    guard files.contains("CURRENT") else {
      if let trace = files.first {
        throw damaged("has no file CURRENT, though it has \(trace)")
      }
      return false
    }
    // A sound CURRENT has less than fifty bytes.
    let content = try read("CURRENT", upTo: 4096)
    let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let markers = ["<<<<<<<", "=======", ">>>>>>>"]
    if lines.contains(where: { line in markers.contains { line.starts(with: $0.utf8) } }) {
      throw LevelDBError(
        code: .corruption,
        message: "the file CURRENT in '\(shownPath)' has conflict markers of git in it; "
          + "restore the whole folder from a backup or from the commit before the merge",
        path: shownPath)
    }
    guard lines.count == 2, lines[1].isEmpty else {
      throw damaged("has a file CURRENT that is not one line of text")
    }
    if lines[0].last == UInt8(ascii: "\r") {
      throw damaged(
        "has a file CURRENT whose line ends with a carriage return (git's core.autocrlf does that)")
    }
    let manifest = String(decoding: lines[0], as: UTF8.self)
    guard manifest.hasPrefix("MANIFEST-"), Self.isDatabaseFile(manifest) else {
      throw damaged("has a file CURRENT that does not name a MANIFEST file")
    }
    guard files.contains(manifest) else {
      throw damaged("lacks the file \(manifest), which its file CURRENT names")
    }
    let told = Manifest(try read(manifest))
    let log = told.logNumber
    if let impossibility = told.impossibility {
      throw damaged("has a file \(manifest) with \(impossibility)")
    }
    for name in files {
      guard let number = Self.number(ofLog: name) else { continue }
      guard number > 0, number <= Manifest.greatestFileNumber else {
        throw damaged("has a file \(name), whose number is impossible")
      }
      let written = WriteAheadLog(try read(name))
      guard written.greatestSequence <= Manifest.greatestSequence else {
        throw damaged("has a file \(name) with an impossible number of changes")
      }
      if written.repeatsAChange { throw damaged("has a file \(name) with the same change twice") }
    }
    guard log == 0 || files.contains(where: { Self.number(ofLog: $0) == log }) else {
      let name = String(repeating: "0", count: max(0, 6 - String(log).count)) + "\(log).log"
      throw damaged(
        "lacks the file \(name), which its file \(manifest) names and which has what was written last"
      )
    }
    return true
  }

  /// Looks at tables that others may have written.
  ///
  /// - Complexity: O(*n*) in their size: all are read.
  borrowing func checkTables(_ files: [String]) throws(LevelDBError) {
    for name in files where name.hasSuffix(".ldb") || name.hasSuffix(".sst") {
      if TableFile(try read(name)).hasImpossibleKey {
        throw damaged("has a file \(name) with an impossible key")
      }
    }
  }

  private borrowing func damaged(_ finding: String) -> LevelDBError {
    LevelDBError(
      code: .corruption,
      message: "the LevelDB folder '\(shownPath)' \(finding); restore it from a backup",
      path: shownPath)
  }

  /// The number of a write-ahead log; nil for other files.
  private static func number(ofLog name: String) -> UInt64? {
    name.hasSuffix(".log") ? UInt64(name.dropLast(4)) : nil
  }

  /// The first bytes of a file.
  private borrowing func read(_ name: String, upTo limit: Int = .max) throws(LevelDBError)
    -> [UInt8]
  {
    let action = "cannot read '\(shownPath)/\(name)'"
    guard let file = Descriptor.reading(name, in: descriptor.number, flags: O_NOFOLLOW) else {
      throw LevelDBError(errno: errno, action, path: shownPath)
    }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: min(limit, 1 << 16))
    while content.count < limit {
      let (count, failure) = buffer.withUnsafeMutableBytes { buffer in
        let count = file.read(into: buffer)
        return (count, errno)
      }
      guard count >= 0 else { throw LevelDBError(errno: failure, action, path: shownPath) }
      guard count > 0 else { break }
      content += buffer.prefix(count)
    }
    return content
  }
}
