/// The name or path of a file as git has it: another one where its bytes are others.
///
/// Two names that Swift's `String` takes for one, é composed and é with a combining accent, are two
/// files, and the contracts of both count.
struct FileName: Hashable, Comparable, Sendable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (left: FileName, right: FileName) -> Bool { left.text.isIdentical(to: right.text) }

  static func < (left: FileName, right: FileName) -> Bool { left.text.precedes(right.text) }

  func hash(into hasher: inout Hasher) {
    text.hashBytes(into: &hasher)
  }
}
