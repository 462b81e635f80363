/// A JSON text that can be changed member by member, everything else staying byte for byte as found.
public struct JSONDocument: Sendable {
  /// The text.
  public private(set) var bytes: [UInt8]
  /// The value that the text is.
  public private(set) var root: JSONValue
  /// The style in which the text was laid out when it was read.
  public let style: JSONStyle
  /// How the text was read.
  public let options: JSONParser.Options
  /// Where the object stands that was edited last, and the one around it.
  private var known: KnownObject?

  private struct KnownObject {
    let path: [String]
    let object: JSONObjectText.Places
    let container: JSONObjectText.Places?
  }

  /// Reads a text.
  ///
  /// - Parameters:
  ///   - bytes: The text in UTF-8, without a byte order mark.
  ///   - options: How deep values may nest and what becomes of duplicate keys.
  /// - Throws: ``JSONParseError`` with the place of the first fault.
  public init(
    _ bytes: [UInt8], options: JSONParser.Options = .init()
  ) throws(JSONParseError) {
    root = try JSONValue(parsing: bytes, options: options)
    self.bytes = bytes
    self.options = options
    style = JSONStyle.detect(in: bytes)
  }

  /// Changes members of one object, in one pass over the text.
  ///
  /// A value for a key that is there replaces the value in its place; the key's spelling stays, and
  /// an equal value changes nothing. A value for another key becomes a new member. Of several
  /// changes of one key the last counts. Only the lines of these members and the separators beside
  /// them change; what is new is laid out like its neighbours.
  ///
  /// - Parameters:
  ///   - path: The keys that lead from the root to the object; empty for the root itself.
  ///   - changes: The members to set and to remove.
  ///   - placement: Where new members go.
  /// - Throws: ``JSONEditError`` where there is no such object or the values nest too deep.
  /// - Complexity: O(*n* + *k* log *k*) for a text of *n* bytes and *k* changes. Where the last edit replaced
  ///   values of the same object, and this one does, too, the text is only copied, not read.
  public mutating func edit(
    objectAt path: [String], _ changes: [JSONMemberChange], placement: JSONPlacement = .end
  ) throws(JSONEditError) {
    guard let object = root.object(at: path[...]) else {
      throw JSONEditError(reason: .noObject, path: path)
    }
    let limit = options.effectiveDepth - path.count - 1
    for case let value? in changes.lazy.map(\.value) where !value.nests(within: limit) {
      throw JSONEditError(reason: .tooDeep, path: path)
    }
    let edited: Edited?? = bytes.withUnsafeBufferPointer { buffer in
      let text = JSONText(buffer)
      guard let (target, container) = place(of: path, in: text) else { return .none }
      var edit = JSONObjectEdit(target, container: container, value: object, style: style)
      guard let (bytes, object) = edit.apply(changes, placement: placement) else {
        return .some(nil)
      }
      var known: KnownObject?
      if let replacements = edit.replacements, let first = target.members.first,
        text.firstLineBreak(in: first.lead) != nil
      {
        known = KnownObject(
          path: path, object: target.places.moved(by: replacements),
          container: container?.places.moved(by: replacements))
      }
      return Edited(bytes: bytes, object: object, known: known)
    }
    guard let edited else { throw JSONEditError(reason: .noObject, path: path) }
    guard let edited else { return }
    known = edited.known
    bytes = edited.bytes
    root = root.replacingObject(at: path[...], with: edited.object)
  }
}

extension JSONDocument {
  /// What an edit makes of a text.
  private struct Edited {
    let bytes: [UInt8]
    let object: JSONObject
    let known: KnownObject?
  }

  /// The object at a path and the object around it.
  private func place(
    of path: [String], in text: JSONText
  ) -> (object: JSONObjectText, container: JSONObjectText?)? {
    guard let known, known.path.elementsEqual(path, by: { $0.hasSameUTF8(as: $1) }) else {
      return text.object(at: path)
    }
    return (
      JSONObjectText(in: text, at: known.object),
      known.container.map { JSONObjectText(in: text, at: $0) }
    )
  }
}

extension JSONText {
  /// The object at a path and the object around it.
  func object(
    at path: [String]
  ) -> (object: JSONObjectText, container: JSONObjectText?)? {
    let start = endOfWhiteSpace(0)
    guard start < bytes.count, bytes[start] == UInt8(ascii: "{") else { return nil }
    let lineStart = lastLineBreak(in: 0..<start)?.upperBound ?? 0
    var object = JSONObjectText(in: self, opening: start, indent: lineStart..<start)
    var container: JSONObjectText?
    for key in path {
      guard let next = object.object(key) else { return nil }
      container = object
      object = next
    }
    return (object, container)
  }
}

extension JSONValue {
  /// The object at a path of keys.
  fileprivate func object(at path: ArraySlice<String>) -> JSONObject? {
    var value = self
    for key in path {
      guard let next = value.object?[key] else { return nil }
      value = next
    }
    return value.object
  }

  /// This value with another object at a path of keys that leads to one.
  fileprivate func replacingObject(
    at path: ArraySlice<String>, with new: JSONObject
  ) -> JSONValue {
    guard let key = path.first, var object, let value = object[key] else { return .object(new) }
    object[key] = value.replacingObject(at: path.dropFirst(), with: new)
    return .object(object)
  }

  /// Whether no more than so many arrays and objects are inside one another.
  fileprivate func nests(within limit: Int) -> Bool {
    switch self {
    case .array(let elements):
      limit > 0 && elements.allSatisfy { $0.nests(within: limit - 1) }
    case .object(let object):
      limit > 0 && object.allSatisfy { $0.value.nests(within: limit - 1) }
    default:
      true
    }
  }
}
