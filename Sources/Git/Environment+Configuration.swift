extension Environment {
  /// The value that `GIT_CONFIG_COUNT`, `GIT_CONFIG_KEY_n` and `GIT_CONFIG_VALUE_n` give a key.
  ///
  /// The last of several counts, as it does in git.
  func configuration(_ key: String) throws(GitError) -> String? {
    guard let text = nonEmpty("GIT_CONFIG_COUNT") else { return nil }
    guard let count = Int(text), count >= 0, count <= 10_000 else {
      throw GitError(.invalid, "GIT_CONFIG_COUNT is not a number of settings: \(text)")
    }
    let wanted = Self.normalised(key)
    for index in (0..<count).reversed() {
      guard let name = self["GIT_CONFIG_KEY_\(index)"] else {
        throw GitError(.invalid, "GIT_CONFIG_KEY_\(index) is missing")
      }
      guard Self.normalised(name) == wanted else { continue }
      guard let value = self["GIT_CONFIG_VALUE_\(index)"] else {
        throw GitError(.invalid, "GIT_CONFIG_VALUE_\(index) is missing")
      }
      return value
    }
    return nil
  }

  /// A key in the case that git compares: section and name in lower case, what is between as it is.
  private static func normalised(_ key: String) -> [UInt8] {
    var bytes = Array(key.utf8)
    let dot = UInt8(ascii: ".")
    guard let first = bytes.firstIndex(of: dot), let last = bytes.lastIndex(of: dot) else {
      return bytes
    }
    for index in bytes.indices where index < first || index > last {
      if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(bytes[index]) { bytes[index] |= 0x20 }
    }
    return bytes
  }
}
