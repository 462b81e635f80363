extension Int {
  /// A number of things in words: `1 contract`, `2 contracts`.
  package func counted(_ thing: String) -> String { "\(self) \(thing)\(self == 1 ? "" : "s")" }
}
