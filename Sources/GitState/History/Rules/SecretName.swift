/// What a field's name says about its value.
struct SecretName {
  /// The name's words, in lower case: `DEPLOYER_PK` and `deployerPk` are `deployer`, `pk`.
  private let words: [String]

  init(_ name: String) {
    var words: [String] = []
    var word = ""
    let scalars = Array(name.unicodeScalars.prefix(200))
    for (index, scalar) in scalars.enumerated() {
      let isUpper = scalar.properties.isUppercase
      let isNext = index + 1 < scalars.count && scalars[index + 1].properties.isLowercase
      let wasLower = index > 0 && !scalars[index - 1].properties.isUppercase
      guard scalar.properties.isAlphabetic || scalar.properties.numericType != nil else {
        words.append(word)
        word = ""
        continue
      }
      if isUpper, !word.isEmpty, wasLower || isNext {
        words.append(word)
        word = ""
      }
      word.unicodeScalars.append(scalar)
    }
    self.words = (words + [word]).filter { !$0.isEmpty }.flatMap { word in
      let word = word.lowercased()
      return Self.glued[word] ?? [word]
    }
  }

  /// Names that people write as one word.
  private static let glued: [String: [String]] = [
    "privatekey": ["private", "key"], "privkey": ["private", "key"],
    "secretkey": ["secret", "key"], "apikey": ["api", "key"], "accesskey": ["access", "key"],
    "signingkey": ["signing", "key"], "apisecret": ["api", "secret"],
    "clientsecret": ["client", "secret"], "accesstoken": ["access", "token"],
    "authtoken": ["auth", "token"], "apitoken": ["api", "token"],
    "seedphrase": ["seed", "phrase"], "publickey": ["public", "key"],
    "pubkey": ["public", "key"],
  ]

  /// What a name ends with that is about a secret, and none itself.
  private static let aboutEndings: Set<String> = [
    "hash", "address", "addr", "id", "ids", "name", "path", "file", "type", "count", "length",
    "index", "commitment", "root", "env", "ref", "symbol", "decimals", "label", "hint", "policy",
    "source", "provider", "manager", "vault", "store", "owner", "contract", "version", "standard",
  ]

  /// Keys that are no secrets.
  private static let publicKeys: Set<String> = [
    "public", "pub", "contract", "storage", "hash", "role", "pool", "verification", "verifying",
    "verifier", "verify", "map", "mapping", "cache", "primary", "foreign", "partition", "sort",
    "currency", "asset", "position", "market", "order", "slot", "feed", "price", "config", "event",
    "index", "lookup", "object", "record", "sub", "account", "network", "chain", "pair", "tx",
    "transaction", "block", "bridge", "route", "peer", "proving", "registry",
  ]

  /// What a value looks like for this name; nil where it is no secret.
  ///
  /// - Parameters:
  ///   - text: The value.
  ///   - isProse: Whether name and value are words of a sentence, which may be about a secret without
  ///     having it.
  /// - Returns: What it looks like, as `a private key`.
  func meaning(of text: String, isProse: Bool = false) -> String? {
    guard let last = words.last, !Self.aboutEndings.contains(last),
      !SecretValue.isPlaceholder(text), !SecretValue.isAddress(text)
    else { return nil }
    if let what = named {
      let isLong = text.utf8.count >= 6
      let isLikely = text.utf8.count >= 16 || text.utf8.contains { (48...57).contains($0) }
      return isLong && (!isProse || isLikely) ? what : nil
    }
    switch last {
    case "key", "pk", "sk", "priv", "wif":
      guard words.allSatisfy({ !Self.publicKeys.contains($0) }) else { return nil }
      return SecretValue.isKey(text) || SecretValue.isOpaque(text, length: 40)
        ? "a private key" : nil
    case "seed": return SecretValue.isKey(text) ? "a seed" : nil
    case "token": return SecretValue.isOpaque(text, length: 20) ? "an access token" : nil
    case "credential", "credentials":
      return SecretValue.isOpaque(text, length: 16) ? "a secret" : nil
    default: return nil
    }
  }

  /// What the name alone says, whatever the value looks like.
  private var named: String? {
    let all = Set(words)
    if all.contains("mnemonic")
      || all.contains("seed") && !all.isDisjoint(with: ["phrase", "words"])
    {
      return "a mnemonic"
    }
    if !all.isDisjoint(with: ["password", "passwd", "pwd", "passcode"]) { return "a password" }
    if all.contains("passphrase") { return "a pass phrase" }
    if words.last == "key" {
      if !all.isDisjoint(with: ["private", "secret", "signing", "encryption", "master"]) {
        return "a private key"
      }
      if !all.isDisjoint(with: ["api", "access", "auth", "service"]) { return "an access token" }
    }
    if all.contains("secret") { return "a secret" }
    let holders: Set<String> = [
      "access", "auth", "api", "bearer", "refresh", "session", "bot", "github", "gitlab", "npm",
      "oauth",
    ]
    if words.last == "token", !all.isDisjoint(with: holders) { return "an access token" }
    return nil
  }
}

/// What a value's own text says.
enum SecretValue {
  /// Whether it is an account's address.
  static func isAddress(_ text: String) -> Bool { isHex(text, digits: 40) }

  /// Whether it is a hash, as of a transaction or bytecode.
  static func isHash(_ text: String) -> Bool { isHex(text, digits: 64) }

  private static func isHex(_ text: String, digits: Int) -> Bool {
    text.utf8.count == digits + 2 && text.hasPrefix("0x")
      && text.utf8.dropFirst(2).allSatisfy(\.isHexDigit)
  }

  /// Whether it has the digits of a key of 32 or 64 bytes, which are those of a hash as well.
  static func isKey(_ text: String) -> Bool {
    let digits = text.hasPrefix("0x") ? text.utf8.dropFirst(2) : text.utf8[...]
    return [64, 128].contains(digits.count) && digits.allSatisfy(\.isHexDigit)
      && digits.contains { $0 != UInt8(ascii: "0") }
  }

  /// Whether it is one long word of letters and digits that means nothing to people.
  static func isOpaque(_ text: String, length: Int) -> Bool {
    guard text.utf8.count >= length, !text.hasPrefix("0x"), !text.hasSuffix(".sol") else {
      return false
    }
    return text.utf8.allSatisfy(isTokenByte)
      && text.utf8.contains { (48...57).contains($0) } && text.utf8.contains { $0 > 64 }
  }

  /// Whether it only stands for a value that is elsewhere.
  static func isPlaceholder(_ text: String) -> Bool {
    let start = text.prefix(40).lowercased()
    let words = [
      "", "redacted", "[redacted]", "none", "null", "undefined", "todo", "hidden", "removed",
      "placeholder", "n/a", "unknown", "true", "false", "changeme",
    ]
    if words.contains(start) || text.hasPrefix("<") && text.hasSuffix(">") { return true }
    let starts = ["$", "{{", "process.env", "env:", "env.", "vault:", "op://", "enc["]
    if starts.contains(where: start.hasPrefix) { return true }
    if text.utf8.allSatisfy({ "*xX.-_0".utf8.contains($0) }) { return true }
    // The name of a variable.
    return text.utf8.contains(UInt8(ascii: "_"))
      && text.utf8.allSatisfy { (65...90).contains($0) || $0 == UInt8(ascii: "_") }
  }

  /// Whether a byte occurs in tokens: letters, digits and `_-+/=`.
  static func isTokenByte(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...122).contains(byte | 0x20) || "_-+/=".utf8.contains(byte)
  }
}
