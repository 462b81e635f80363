/// Where a database is, and what to call that place in front of people.
///
/// The two differ for a private copy: an error about it is an error about its source.
struct Location: Sendable, Hashable {
  /// The path that LevelDB is given.
  let path: String
  /// The path that errors name.
  let shownPath: String

  init(path: String, shownAs shownPath: String? = nil) {
    self.path = path
    self.shownPath = shownPath ?? path
  }

  /// A text of LevelDB's that names the folder people know.
  func shown(in text: String) -> String {
    path == shownPath || path.isEmpty ? text : text.replacing(path, with: shownPath)
  }
}
