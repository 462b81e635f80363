internal import Glibc

/// The variables that a call reads: those given, or else this process's.
struct Environment {
  private let given: [String: String]?

  init(_ given: [String: String]?) { self.given = given }

  /// A variable's value; an empty one counts as a value.
  subscript(name: String) -> String? {
    if let given { return given[name] }
    return getenv(name).map { String(cString: $0) }
  }

  /// A variable's value, where an empty one means the same as none.
  func nonEmpty(_ name: String) -> String? {
    guard let value = self[name], !value.isEmpty else { return nil }
    return value
  }

  /// A variable as git reads truth values: `1`, `true`, `yes` and `on` are true.
  func isTrue(_ name: String) -> Bool {
    guard let value = nonEmpty(name)?.lowercased() else { return false }
    return ["true", "yes", "on"].contains(value) || (Int(value) ?? 0) != 0
  }
}
