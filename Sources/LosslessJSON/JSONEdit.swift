/// A change of one member of an object.
public struct JSONMemberChange: Hashable, Sendable {
  /// The member's key.
  public var key: String
  /// The value that the member is to have; nil removes the member.
  public var value: JSONValue?

  /// A change that gives a member a value, or removes it.
  public init(key: String, value: JSONValue?) {
    self.key = key
    self.value = value
  }
}

/// Where new members go.
public enum JSONPlacement: Hashable, Sendable {
  /// Before the first member whose key is greater by its UTF-8 bytes, or at the end; several at one
  /// place in ascending order.
  case beforeFirstGreaterKey
  /// After the last member, in the order of the changes.
  case end
  /// After the member with a key, in the order of the changes; at the end where there is none.
  case after(key: String)
  /// Before the member with a key, in the order of the changes; at the end where there is none.
  case before(key: String)
}

/// Why a document cannot be changed as asked.
///
/// The document is left as it was.
public struct JSONEditError: Error, Hashable, Sendable {
  /// The kind of the hindrance.
  public enum Reason: Hashable, Sendable {
    /// There is no object at the path.
    case noObject
    /// The new values would nest deeper than the document's options allow.
    case tooDeep
  }

  /// The kind of the hindrance.
  public let reason: Reason
  /// The path of the object to be changed, as keys from the root.
  public let path: [String]
}

extension JSONEditError: CustomStringConvertible {
  /// The hindrance and the path.
  public var description: String {
    let place =
      path.isEmpty
      ? "the root"
      : path.map { "\"\(JSONFault.printable($0))\"" }.joined(separator: " > ")
    return switch reason {
    case .noObject: "there is no object at \(place)"
    case .tooDeep: "the new values at \(place) nest too deep"
    }
  }
}
