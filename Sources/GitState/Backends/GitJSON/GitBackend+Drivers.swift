import Git
import Glibc

/// What git was told about the files of the state.
public struct DriverSetup: Sendable {
  /// The file that names the drivers for the state's files.
  public let attributesFile: String
  /// Whether the line was added just now.
  public let isAdded: Bool
  /// Whether the file is one that the team shares by committing it.
  public let isShared: Bool
}

extension GitBackend {
  /// Makes git merge and compare the files of the state by contract: sets the drivers in this clone's
  /// configuration, and names them for the files.
  ///
  /// Where the state's branch is checked out, `.gitattributes` names them, so that a commit of it is
  /// for the whole team; else the clone's own `info/attributes`. A clone without the configuration
  /// goes on merging by lines.
  ///
  /// - Parameters:
  ///   - directory: A folder of the repository.
  ///   - program: The program as a shell calls it, quoted where it needs to be.
  /// - Returns: What was done; doing it again changes nothing.
  /// - Throws: `BACKEND_UNAVAILABLE` where there is no repository, `STATE_WRITE_FAILED` where a file
  ///   cannot be written.
  public static func installDrivers(_ directory: String, program: String) throws(StateError)
    -> DriverSetup
  {
    let location = try StateLocation(GitBackendOptions(directory: directory))
    let isCheckedOut = try convertingGitErrors(
      .writeFailed, "git's configuration could not be written"
    ) {
      let repository = try Repository(opening: location.repository)
      for (key, value) in [
        ("merge.gitstate.name", "GitState: by contract and field"),
        ("merge.gitstate.driver", "\(program) merge-driver %O %A %B %P"),
        // For the states that a merge starts from, where lines crossed.
        ("merge.gitstate.recursive", "gitstate-ancestors"),
        ("merge.gitstate-ancestors.name", "GitState: what both sides come from"),
        (
          "merge.gitstate-ancestors.driver",
          "\(program) merge-driver --ancestors %O %A %B %P"
        ),
        ("diff.gitstate.textconv", "\(program) diff-driver"),
      ] where try repository.configuration(key) != value {
        try repository.setConfiguration(key, value)
      }
      guard let branch = location.branch else { return !repository.isBare }
      if case .branch(branch, _) = try repository.head() { return !repository.isBare }
      return false
    }
    let file: String
    if let root = location.workingDirectory, isCheckedOut {
      file = root + "/.gitattributes"
    } else {
      try FileSystem.makeFolder(location.commonDirectory + "/info", mode: 0o755)
      file = location.commonDirectory + "/info/attributes"
    }
    let pattern = "/\(location.folder)/*.json"
    let isPlain = pattern.utf8.allSatisfy {
      $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 < 0x7F
    }
    let line = (isPlain ? pattern : gitQuoted(pattern)) + " merge=gitstate diff=gitstate"
    return DriverSetup(
      attributesFile: file, isAdded: try add(line, to: file), isShared: isCheckedOut)
  }

  /// Adds a line to a file that lacks it.
  private static func add(_ line: String, to file: String) throws(StateError) -> Bool {
    guard try FileSystem.kind(of: file) != .link else {
      throw StateError(
        .writeFailed,
        "\(file.escapingUnprintable) is a symbolic link and was left as it is; add this line to it: "
          + line, file: file)
    }
    var content = try FileSystem.read(file) ?? []
    let lines = content.split(separator: UInt8(ascii: "\n")).map { Array($0) }
    guard !lines.contains(where: { $0.starts(with: line.utf8) }) else { return false }
    if let last = content.last, last != UInt8(ascii: "\n") { content.append(UInt8(ascii: "\n")) }
    content += Array((line + "\n").utf8)
    let mode = try FileSystem.status(of: file).map { $0.st_mode & 0o7777 } ?? 0o644
    try FileSystem.replace(file, with: content, mode: mode, isDurable: true)
    return true
  }

  /// A pattern in the quotes that gitattributes takes.
  private static func gitQuoted(_ pattern: String) -> String {
    var text = "\""
    for character in pattern.unicodeScalars {
      if character == "\"" || character == "\\" { text += "\\" }
      text.unicodeScalars.append(character)
    }
    return text + "\""
  }
}
