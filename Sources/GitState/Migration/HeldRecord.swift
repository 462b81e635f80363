import Git
import LosslessJSON

/// What one side of a migration has for a contract.
enum HeldRecord: Hashable, Sendable {
  /// Proven absent.
  case absent
  /// A record.
  case record(Contract)
  /// Something that is no record: what is wrong with it, and LevelDB's bytes.
  case unreadable(String, [UInt8])

  /// The record; nil where there is none, or none that can be read.
  var contract: Contract? {
    if case .record(let contract) = self { contract } else { nil }
  }

  init(_ contract: Contract?) {
    self = contract.map { .record($0) } ?? .absent
  }

  /// Takes what a read answers; a fault of the record alone is something that is there.
  init(_ read: () throws(StateError) -> Contract?) throws(StateError) {
    do {
      self.init(try read())
    } catch  where error.code == .serializationFailed {
      self = .unreadable(error.message, [])
    }
  }

  /// A text that is the same for equal records alone: members in any order, numbers by their text.
  var digest: String {
    switch self {
    case .absent: "absent"
    case .unreadable(let problem, let bytes):
      "unreadable: \(problem): \(Contract.digest(of: bytes))"
    case .record(let contract): contract.digest
    }
  }

  /// The digest that nothing has: for a side of which nothing is known.
  static let unknownDigest = "unknown"
}

extension Contract {
  /// git's hash of the record with its members sorted by name.
  var digest: String {
    let members = record.sorted { $0.key.precedes($1.key) }
    return Self.digest(
      of: JSONValue.object(JSONObject(members.map { ($0.key, $0.value) })).serialized(.compact))
  }

  /// git's hash of some bytes.
  static func digest(of text: [UInt8]) -> String {
    do {
      return try ObjectID.blob(text).hex
    } catch {
      // What is hashed tells records apart as well, only at greater length.
      return String(decoding: text, as: UTF8.self)
    }
  }
}
