/// The members of a JSON object, in order, each key once.
///
/// Keys are distinct by their UTF-8 bytes: "\u{e9}" and "e\u{301}" are two keys. Two objects are
/// equal if they have equal members in the same order.
public struct JSONObject: Sendable {
  /// One member.
  public typealias Element = (key: String, value: JSONValue)

  private var members: [Element] = []
  /// The positions of the keys; nil while there are so few that looking at each is faster.
  private var positions: KeyPositions?

  private static let largestWithoutPositions = 16

  /// An object without members.
  public init() {}

  /// An object with these members; the value of a key that comes again replaces the earlier one.
  public init(_ members: some Sequence<(String, JSONValue)>) {
    for (key, value) in members { append(key, value, replaces: true) }
  }

  /// Makes room for so many members at once.
  public mutating func reserveCapacity(_ minimumCapacity: Int) {
    members.reserveCapacity(minimumCapacity)
  }

  /// Whether the other object has the same keys in the same order.
  public func hasSameKeys(as other: JSONObject) -> Bool {
    guard count == other.count else { return false }
    return members.withUnsafeBufferPointer { members in
      other.members.withUnsafeBufferPointer { others in
        members.indices.allSatisfy { members[$0].key.hasSameUTF8(as: others[$0].key) }
      }
    }
  }

  /// The value of a key.
  ///
  /// Setting a value replaces the one that is there, in its place, or appends a member; setting nil
  /// removes the member.
  ///
  /// - Complexity: O(1), but O(`count`) for a removal.
  public subscript(key: String) -> JSONValue? {
    get {
      position(of: key).map { members[$0].value }
    }
    set {
      switch (position(of: key), newValue) {
      case (let position?, let value?): members[position].value = value
      case (nil, let value?): appendNew(key, value)
      case (let position?, nil): remove(at: position)
      case (nil, nil): break
      }
    }
  }

  /// The keys, in order.
  public var keys: [String] { members.map(\.key) }

  /// Whether the other object has equal members, in whatever order.
  ///
  /// Only the order of these members is left out; inside their values order counts.
  public func hasSameMembers(as other: JSONObject) -> Bool {
    guard count == other.count else { return false }
    return members.withUnsafeBufferPointer { members in
      other.members.withUnsafeBufferPointer { others in
        for index in members.indices {
          // Mostly the order is the same, too.
          let place =
            others[index].key.hasSameUTF8(as: members[index].key)
            ? index : other.position(of: members[index].key)
          guard let place, others[place].value == members[index].value else { return false }
        }
        return true
      }
    }
  }

  /// The same members in ascending order of the UTF-8 bytes of their keys.
  public func sortedByKey() -> JSONObject {
    JSONObject(distinct: members.sorted { $0.key.precedesInUTF8($1.key) })
  }

  /// The position of a key among the members.
  public func position(of key: String) -> Int? {
    // By their places: a closure over the members would retain and release each key and value.
    members.withUnsafeBufferPointer { members in
      if let positions {
        return positions.position(of: KeyPositions.hash(key)) { position in
          members[position].key.hasSameUTF8(as: key)
        }
      }
      for position in members.indices where members[position].key.hasSameUTF8(as: key) {
        return position
      }
      return nil
    }
  }
}

extension JSONObject {
  /// An object with members whose keys are known to be distinct.
  init(distinct members: [Element]) {
    self.members = members
    indexIfLarge()
  }

  /// Appends a member unless the key is there; then it gives that another value, if wanted.
  ///
  /// - Returns: Whether it did one of both.
  @discardableResult @inline(__always)
  mutating func append(
    _ key: consuming String, _ value: consuming JSONValue, replaces: Bool = false
  ) -> Bool {
    guard let position = position(of: key) else {
      appendNew(key, value)
      return true
    }
    guard replaces else { return false }
    members[position].value = value
    return true
  }

  /// Appends a member whose key is known not to be there.
  @inline(__always)
  private mutating func appendNew(_ key: consuming String, _ value: consuming JSONValue) {
    positions?.insert(members.count, KeyPositions.hash(key))
    if members.isEmpty { members.reserveCapacity(4) }
    members.append((key, value))
    if positions == nil { indexIfLarge() }
  }

  /// Gives the member at a position another value.
  mutating func setValue(_ value: JSONValue, at position: Int) { members[position].value = value }

  private mutating func remove(at position: Int) {
    members.remove(at: position)
    positions = nil
    indexIfLarge()
  }

  private mutating func indexIfLarge() {
    guard members.count > Self.largestWithoutPositions else { return }
    var positions = KeyPositions(minimumCapacity: members.count)
    for (position, member) in members.enumerated() {
      positions.insert(position, KeyPositions.hash(member.key))
    }
    self.positions = positions
  }
}

extension JSONObject: RandomAccessCollection {
  /// The position of the first member.
  public var startIndex: Int { 0 }

  /// The number of members.
  public var endIndex: Int { members.count }

  /// The member at a position.
  public subscript(position: Int) -> Element { members[position] }
}

extension JSONObject: Hashable {
  /// Whether both have equal members in the same order.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    guard left.count == right.count else { return false }
    return left.members.withUnsafeBufferPointer { left in
      right.members.withUnsafeBufferPointer { right in
        // What was copied and not changed shares its memory: an edited file has most of the old one's.
        if left.baseAddress == right.baseAddress { return true }
        for index in left.indices {
          guard left[index].key.hasSameUTF8(as: right[index].key),
            left[index].value == right[index].value
          else { return false }
        }
        return true
      }
    }
  }

  /// Feeds the members to a hasher.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    for member in members {
      member.key.hashUTF8(into: &hasher)
      hasher.combine(member.value)
    }
  }
}

extension JSONObject: CustomStringConvertible {
  /// The object as JSON on one line.
  public var description: String { JSONValue.object(self).text() }
}
