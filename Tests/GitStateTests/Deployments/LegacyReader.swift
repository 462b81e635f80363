import LosslessJSON

/// The reader that scripts had before: it knows `proxy`, `implementation` and
/// `implementationHashes`, takes `null` and `""` for "there is none", and nothing else.
struct LegacyReader {
  private let root: JSONObject

  init(_ bytes: [UInt8]) throws {
    root = try JSONValue(parsing: bytes).object ?? JSONObject()
  }

  func proxy(_ name: String) -> String? { text(root["contracts"]?.object?[name]?.object?["proxy"]) }
  func implementation(_ name: String) -> String? {
    text(root["contracts"]?.object?[name]?.object?["implementation"])
  }
  func hash(_ name: String) -> String? { text(root["implementationHashes"]?.object?[name]) }
  /// Whether there is a member for the hash at all.
  func hasHashMember(_ name: String) -> Bool {
    root["implementationHashes"]?.object?[name] != nil
  }

  private func text(_ value: JSONValue?) -> String? {
    guard let text = value?.string, !text.isEmpty else { return nil }
    return text
  }
}

/// What that reader must see of a record, by the design's first mapping.
struct LegacyExpectation {
  let proxy: String?
  let implementation: String?
  let hash: String?

  init(_ record: JSONObject) {
    func text(_ field: String) -> String? {
      guard let text = record[field]?.string, !text.isEmpty else { return nil }
      return text
    }
    proxy = text("proxyAddress") ?? text("address")
    implementation = text("address")
    hash = text("implementationHash")
  }
}
