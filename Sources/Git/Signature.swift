internal import CGit2

/// Who made something, and when.
public struct Signature: Hashable, Sendable {
  /// The name, which git does not let be empty.
  public let name: String
  /// The email address, without the angle brackets.
  public let email: String
  /// Seconds since 1970; git has no times before that, so a caller clamps.
  public let time: Int64
  /// Minutes east of Greenwich.
  public let offset: Int

  /// A signature of these parts.
  public init(name: String, email: String, time: Int64, offset: Int) {
    self.name = name
    self.email = email
    self.time = time
    self.offset = offset
  }

  init(_ raw: git_signature) {
    self.init(
      name: text(raw.name) ?? "", email: text(raw.email) ?? "", time: raw.when.time,
      offset: Int(raw.when.offset))
  }

  /// A name or address as git cleans it: without line ends and angle brackets, and without white
  /// space and punctuation at its ends (`strbuf_addstr_without_crud` in git's ident.c).
  static func withoutCrud(_ text: String) -> String {
    func isCrud(_ byte: UInt8) -> Bool { byte <= 32 || ".,:;<>\"\\'".utf8.contains(byte) }
    let bytes = Array(text.utf8)
    guard let first = bytes.firstIndex(where: { !isCrud($0) }),
      let last = bytes.lastIndex(where: { !isCrud($0) })
    else { return "" }
    return String(decoding: bytes[first...last].filter { !"\n<>".utf8.contains($0) }, as: UTF8.self)
  }

  /// Runs the body with libgit2's form of this signature (`git_signature_new`).
  ///
  /// libgit2 refuses angle brackets and what is empty, but writes a line end as it is, which would
  /// make the rest of a name a header line of the commit.
  func withRaw<Value: ~Copyable>(
    _ body: (UnsafePointer<git_signature>) throws(GitError) -> Value
  ) throws(GitError) -> Value {
    guard time >= 0 else {
      throw GitError(.invalid, "git cannot record a time before 1970", context: "\(time)")
    }
    guard !name.utf8.contains(UInt8(ascii: "\n")), !email.utf8.contains(UInt8(ascii: "\n")) else {
      throw GitError(.invalid, "a name or email address has no line end", context: name)
    }
    var raw: UnsafeMutablePointer<git_signature>?
    try check(
      git_signature_new(
        &raw, try withoutNUL(name), try withoutNUL(email), time, Int32(clamping: offset)),
      "\(name) <\(email)>")
    guard let raw else {
      throw GitError(.failed, "libgit2 returned no signature", context: "\(name) <\(email)>")
    }
    defer { git_signature_free(raw) }
    return try body(raw)
  }

  /// The signature as a commit's header has it: `Name <address> 1753441878 +0100`.
  func headerText() throws(GitError) -> String {
    // libgit2 checks and trims the parts.
    let (name, email) = try withRaw { raw throws(GitError) in
      (text(raw.pointee.name) ?? "", text(raw.pointee.email) ?? "")
    }
    let minutes = abs(offset)
    let zone = String(minutes / 60 * 100 + minutes % 60)
    let padding = String(repeating: "0", count: max(0, 4 - zone.count))
    return "\(name) <\(email)> \(time) \(offset < 0 ? "-" : "+")\(padding)\(zone)"
  }
}
