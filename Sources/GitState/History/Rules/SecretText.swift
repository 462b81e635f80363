/// Secrets in a text, wherever they stand: by their form, or by a name beside them.
///
/// - Complexity: Linear in the text.
struct SecretText {
  private let bytes: [UInt8]
  /// How far a name or a value is read; what is longer is none.
  private static let reach = 512

  /// What a text has that looks like a secret; nil where there is nothing.
  static func meaning(of text: String) -> String? {
    // Nothing shorter is a secret with a form or a name.
    guard text.utf8.count >= 12, !SecretValue.isAddress(text), !SecretValue.isHash(text) else {
      return nil
    }
    let scan = SecretText(bytes: Array(text.utf8))
    return scan.form ?? scan.named ?? scan.mnemonic
  }

  // MARK: Forms

  /// What tokens begin with, and how many characters follow at least.
  private static let prefixes: [(text: [UInt8], rest: Int, what: String)] =
    [
      ("ghp_", 16), ("gho_", 16), ("ghu_", 16), ("ghs_", 16), ("ghr_", 16), ("github_pat_", 16),
      ("glpat-", 16), ("xoxb-", 16), ("xoxp-", 16), ("xoxa-", 16), ("xapp-", 16),
      ("sk_live_", 16), ("rk_live_", 16), ("sk-ant-", 16), ("AKIA", 16), ("ASIA", 16),
      ("npm_", 16), ("AIza", 30), ("hf_", 30), ("dop_v1_", 30), ("shpat_", 16),
    ].map { (Array($0.0.utf8), $0.1, "an access token") }
    + ["xprv", "yprv", "zprv", "tprv", "uprv", "vprv"].map {
      (Array($0.utf8), 90, "a private key")
    }
  /// The bytes, as indices, with which anything begins that has a form.
  private static let starts = {
    var starts = [Bool](repeating: false, count: 256)
    for first in prefixes.compactMap(\.text.first) + Array("-:/e".utf8) {
      starts[Int(first)] = true
    }
    return starts
  }()

  /// Where a provider's address has its key in the path.
  private static let providers = [
    "infura.io/v3/", "infura.io/ws/v3/", "alchemy.com/v2/", "alchemyapi.io/v2/",
    "hooks.slack.com/services/",
  ].map { Array($0.utf8) }

  private var form: String? {
    let starts = Self.starts
    for index in bytes.indices where starts[Int(bytes[index])] {
      switch bytes[index] {
      case UInt8(ascii: "-") where has("-----BEGIN", at: index):
        let line = bytes[index...].prefix(Self.reach).prefix { $0 != UInt8(ascii: "\n") }
        if String(decoding: line, as: UTF8.self).contains("PRIVATE KEY-----") {
          return "a private key"
        }
      case UInt8(ascii: ":") where has("://", at: index):
        if let what = login(behind: index + 3) { return what }
      case UInt8(ascii: "/"):
        if isProviderKey(behind: index) { return "an access token" }
      case UInt8(ascii: "e") where has("eyJ", at: index) && isStart(index):
        if isWebToken(index) { return "an access token" }
      case _ where isStart(index):
        for prefix in Self.prefixes where has(prefix.text, at: index) {
          let rest = bytes[(index + prefix.text.count)...].prefix(Self.reach)
            .prefix { SecretValue.isTokenByte($0) && $0 != UInt8(ascii: "/") }
          if rest.count >= prefix.rest { return prefix.what }
        }
      default: break
      }
    }
    return nil
  }

  /// Whether a word may begin here.
  private func isStart(_ index: Int) -> Bool {
    guard index > 0 else { return true }
    let before = bytes[index - 1]
    return !((48...57).contains(before) || (97...122).contains(before | 0x20))
  }

  private func has(_ text: String, at index: Int) -> Bool { has(Array(text.utf8), at: index) }

  private func has(_ text: [UInt8], at index: Int) -> Bool {
    bytes[index...].starts(with: text)
  }

  /// `user:password@` in a URL, or a token in place of the user.
  private func login(behind start: Int) -> String? {
    let authority = bytes[start...].prefix(Self.reach).prefix { !Self.ends.contains($0) }
    guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { return nil }
    let user = authority[..<at]
    if let colon = user.firstIndex(of: UInt8(ascii: ":")) {
      let password = String(decoding: user[(colon + 1)...], as: UTF8.self)
      return SecretValue.isPlaceholder(password) ? nil : "a password"
    }
    return SecretValue.isOpaque(String(decoding: user, as: UTF8.self), length: 20)
      ? "an access token" : nil
  }

  private static let ends = Set(" \t\r\n/?#\"'<>\\".utf8)

  /// Whether the path behind a provider's host is a key: the slash is the last one before it.
  private func isProviderKey(behind slash: Int) -> Bool {
    guard slash >= 8 else { return false }
    let before = bytes[...slash].suffix(40)
    guard Self.providers.contains(where: { before.hasSuffix($0) }) else { return false }
    let key = bytes[(slash + 1)...].prefix(Self.reach).prefix { SecretValue.isTokenByte($0) }
    return SecretValue.isOpaque(String(decoding: key, as: UTF8.self), length: 20)
  }

  /// A JSON web token: three parts, the first two of them JSON in base 64.
  private func isWebToken(_ index: Int) -> Bool {
    let token = bytes[index...].prefix(8 * Self.reach)
      .prefix { SecretValue.isTokenByte($0) || $0 == UInt8(ascii: ".") }
    let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count >= 3 && parts[1].starts(with: Array("eyJ".utf8))
  }

  // MARK: Names

  /// `NAME=value`, `name: value`, `--name value`.
  private var named: String? {
    for index in bytes.indices {
      switch bytes[index] {
      case UInt8(ascii: "="), UInt8(ascii: ":"):
        guard let name = name(before: index), let value = value(behind: index + 1) else { continue }
        let isProse =
          bytes[index] == UInt8(ascii: ":") && index + 1 < bytes.count
          && bytes[index + 1] == UInt8(ascii: " ")
        if let what = SecretName(name).meaning(of: value, isProse: isProse) { return what }
      case UInt8(ascii: "-") where has("--", at: index) && isStart(index):
        let name = bytes[(index + 2)...].prefix(64).prefix { Self.isNameByte($0) }
        let end = index + 2 + name.count
        guard !name.isEmpty, end < bytes.count, bytes[end] == UInt8(ascii: " "),
          let value = value(behind: end)
        else { continue }
        if let what = SecretName(String(decoding: name, as: UTF8.self)).meaning(of: value) {
          return what
        }
      default: continue
      }
    }
    return nil
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...122).contains(byte | 0x20)
      || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
  }

  private static let quotes = Set("\"'`\\".utf8)

  /// The name before a separator: one word, and the one before it, as in `private key: ...`.
  private func name(before separator: Int) -> String? {
    var end = separator
    while end > 0, separator - end < 4,
      bytes[end - 1] == UInt8(ascii: " ")
        || Self.quotes.contains(bytes[end - 1])
    {
      end -= 1
    }
    func wordStart(before end: Int) -> Int {
      var start = end
      while start > 0, end - start < 64, Self.isNameByte(bytes[start - 1]) { start -= 1 }
      return start
    }
    let start = wordStart(before: end)
    guard start < end else { return nil }
    let word = String(decoding: bytes[start..<end], as: UTF8.self)
    guard start > 0, bytes[start - 1] == UInt8(ascii: " ") else { return word }
    let other = wordStart(before: start - 1)
    return String(decoding: bytes[other..<(start - 1)], as: UTF8.self) + " " + word
  }

  /// The value behind a separator.
  private func value(behind start: Int) -> String? {
    var rest = bytes[start...]
    var skipped = 0
    while let first = rest.first, skipped < 4,
      first == UInt8(ascii: " ") || Self.quotes.contains(first)
    {
      rest.removeFirst()
      skipped += 1
    }
    let value = rest.prefix(Self.reach).prefix { !Self.valueEnds.contains($0) }
    return value.isEmpty || value.starts(with: Array("//".utf8))
      ? nil : String(decoding: value, as: UTF8.self)
  }

  private static let valueEnds = Set(" \t\r\n\"'`\\,;&)}]<>".utf8)

  // MARK: Mnemonics

  /// As many of the list's shortest words, with something between them.
  private static let shortestMnemonic = 4 * MnemonicWords.count - 1

  /// Twelve words or more of the list of BIP 39 in a row, whatever stands between them.
  private var mnemonic: String? {
    guard bytes.count >= Self.shortestMnemonic else { return nil }
    var count = 0
    var word: [UInt8] = []
    var gap = 0
    for byte in bytes + [UInt8(ascii: " ")] {
      let letter = byte | 0x20
      if (97...122).contains(letter), byte > 64 {
        word.append(letter)
        gap = 0
        continue
      }
      if !word.isEmpty {
        let isOne =
          (3...8).contains(word.count)
          && MnemonicWords.contains(String(decoding: word, as: UTF8.self))
        count = isOne ? count + 1 : 0
        if count >= MnemonicWords.count { return "a mnemonic" }
        word.removeAll(keepingCapacity: true)
      }
      gap += 1
      // As wide as the number of the next word: `; 12. `.
      if gap > 6 { count = 0 }
    }
    return nil
  }
}

extension ArraySlice<UInt8> {
  fileprivate func hasSuffix(_ end: [UInt8]) -> Bool { suffix(end.count).elementsEqual(end) }
}
