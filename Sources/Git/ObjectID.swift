internal import CGit2

/// The SHA-1 name of a git object: 20 bytes, written as 40 hex digits.
public struct ObjectID: Hashable, Comparable, Sendable, CustomStringConvertible {
  // The bytes in order, as numbers: small, and compared without a loop.
  private let high: UInt64
  private let middle: UInt64
  private let low: UInt32

  /// The name of no object, which stands for "does not exist yet" where references move.
  public static let zero = ObjectID(git_oid())

  init(_ raw: git_oid) {
    self = withUnsafeBytes(of: raw) { ObjectID(reading: $0, at: 0) }
  }

  /// The name whose 20 bytes stand at a place.
  init(reading bytes: UnsafeRawBufferPointer, at offset: Int) {
    high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    middle = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
    low = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt32.self))
  }

  /// The object name of 40 hex digits, of either case.
  public init?(hex: String) {
    guard hex.utf8.count == 40 else { return nil }
    var raw = git_oid()
    let isValid = withUnsafeMutableBytes(of: &raw) { bytes in
      for (index, digit) in hex.utf8.enumerated() {
        guard let value = Self.value(ofDigit: digit) else { return false }
        bytes[index / 2] = bytes[index / 2] << 4 | value
      }
      return true
    }
    guard isValid else { return nil }
    self.init(raw)
  }

  private static func value(ofDigit digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// The name that a blob of these bytes has, or would have (`git_odb_hash`).
  public static func blob(_ bytes: [UInt8]) throws(GitError) -> ObjectID {
    try Library.initialise()
    return try name(GIT_OBJECT_BLOB, bytes)
  }

  /// The name of an object (`git_odb_hash`, which finds attacks on the hash).
  static func name(_ type: git_object_t, _ content: [UInt8]) throws(GitError) -> ObjectID {
    var raw = git_oid()
    try check(git_odb_hash(&raw, content, content.count, type))
    return ObjectID(raw)
  }

  /// The name of an object by a hash that does not find attacks: for ``NameProof``.
  static func plainName(_ type: git_object_t, _ content: [UInt8]) -> ObjectID {
    var hash = SHA1()
    header(type, size: content.count).withUnsafeBytes { hash.append($0) }
    content.withUnsafeBytes { hash.append($0) }
    return hash.finish().withUnsafeBytes { ObjectID(reading: $0, at: 0) }
  }

  /// What comes before an object's content where it is hashed or a file (gitformat-loose): its type and size, and a
  /// NUL.
  static func header(_ type: git_object_t, size: Int) -> [UInt8] {
    Array("\(text(git_object_type2string(type)) ?? "") \(size)\0".utf8)
  }

  /// The name as libgit2 has it.
  var raw: git_oid {
    var raw = git_oid()
    withUnsafeMutableBytes(of: &raw) {
      $0.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
      $0.storeBytes(of: middle.bigEndian, toByteOffset: 8, as: UInt64.self)
      $0.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt32.self)
    }
    return raw
  }

  /// The first byte, by which packs and loose objects are divided.
  var firstByte: UInt8 { UInt8(truncatingIfNeeded: high >> 56) }

  /// The name as 40 lower-case hex digits.
  public var hex: String {
    String(unsafeUninitializedCapacity: 40) { text in
      withUnsafeBytes(of: raw) { bytes in
        for (index, byte) in bytes.enumerated() {
          text[2 * index] = Self.digit(byte >> 4)
          text[2 * index + 1] = Self.digit(byte & 15)
        }
      }
      return 40
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
  }

  /// The first seven digits, for people.
  public var short: String { String(hex.prefix(7)) }

  /// The name as 40 lower-case hex digits.
  public var description: String { hex }

  /// Feeds its first eight bytes, which tell hashes apart as well as all of them do.
  public func hash(into hasher: inout Hasher) { hasher.combine(high) }

  /// Whether one name sorts before another, in the order of their bytes.
  public static func < (left: ObjectID, right: ObjectID) -> Bool {
    (left.high, left.middle, left.low) < (right.high, right.middle, right.low)
  }
}
