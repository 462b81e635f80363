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
    let content = try readCurrentFile()
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
    return true
  }

  private borrowing func damaged(_ finding: String) -> LevelDBError {
    LevelDBError(
      code: .corruption,
      message: "the LevelDB folder '\(shownPath)' \(finding); restore it from a backup",
      path: shownPath)
  }

  /// The first bytes of CURRENT: a sound one has less than fifty.
  private borrowing func readCurrentFile() throws(LevelDBError) -> [UInt8] {
    let action = "cannot read '\(shownPath)/CURRENT'"
    guard let file = Descriptor.reading("CURRENT", in: descriptor.number, flags: O_NOFOLLOW) else {
      throw LevelDBError(errno: errno, action, path: shownPath)
    }
    var content = [UInt8](repeating: 0, count: 4096)
    let (count, failure) = content.withUnsafeMutableBytes { buffer in
      let count = file.read(into: buffer)
      return (count, errno)
    }
    guard count >= 0 else { throw LevelDBError(errno: failure, action, path: shownPath) }
    return Array(content.prefix(count))
  }
}
