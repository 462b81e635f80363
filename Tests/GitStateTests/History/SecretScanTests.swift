import LosslessJSON
import TestSupport
import Testing

@testable import GitState

/// What the guard takes for a secret, and what it must let pass.
@Suite struct SecretScanTests {
  private static let key = "0x" + String(repeating: "4c", count: 32)
  private static let mnemonic =
    "legal winner thank year wave sausage worth useful legal winner thank yellow"
  private static let token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"

  private func findings(_ field: String, _ value: JSONValue) -> [SecretScan.Finding] {
    SecretScan.findings(
      in: ContractChange(
        key: ContractKey(56, "A"), network: "n", kind: .modified,
        fields: [FieldChange(path: field, new: value)]))
  }

  @Test(
    arguments: [
      // By the field's name.
      ("privateKey", .string(key)), ("PRIVATE_KEY", .string(key)), ("deployerPK", .string(key)),
      ("pk", .string(key)), ("signerKey", .string(key)), ("deployer_key", .string(key)),
      ("key", .string(key)), ("secret", "correct-horse"), ("clientSecret", "abcdef123456"),
      ("password", "hunter2"), ("db-password", "hunter2"), ("apiKey", "0123456789abcdef"),
      ("ETHERSCAN_API_KEY", "ABCDEFGHIJ1234567890ABCDEFGHIJ1234"), ("mnemonic", "whatever it is"),
      ("token", "eW91IGZvdW5kIG1lIGhlcmUgOik5"), ("authToken", "12345678"),
      ("seedPhrase", "some words"), ("secret", ["value": "correct-horse"]),
      ("walletPrivateKey", .string(String(repeating: "4c", count: 32))),
      // By a form that nothing else has, wherever it stands.
      ("note", .string(mnemonic)), ("note", .string(mnemonic.uppercased())),
      ("note", .string("the words are: \(mnemonic).")),
      (
        "note",
        .string(
          mnemonic.split(separator: " ").enumerated().map { "\($0 + 1). \($1)" }.joined(
            separator: "; "))
      ),
      ("note", .object(JSONObject([(mnemonic, .number(1))]))),
      ("note", .array(mnemonic.split(separator: " ").map { .string(String($0)) })),
      (
        "note",
        .array(mnemonic.split(separator: " ").chunked(6).map { .string($0.joined(separator: " ")) })
      ),
      (
        "words",
        .object(
          JSONObject(
            mnemonic.split(separator: " ").enumerated().map { ("w\($0)", .string(String($1))) }))
      ),
      (
        "words",
        .array(
          mnemonic.split(separator: " ").enumerated().map {
            ["index": .number(JSONNumber($0)), "word": .string(String($1))]
          })
      ),
      (
        "parts",
        .object(
          JSONObject([
            ("one", .array(mnemonic.split(separator: " ").prefix(7).map { .string(String($0)) })),
            (
              "two", .array(mnemonic.split(separator: " ").dropFirst(7).map { .string(String($0)) })
            ),
          ]))
      ),
      ("deploymentArgs", ["test test test test test test test test test test test junk"]),
      ("note", .string("use \(token) for it")), ("deploymentArgs", [.string("--auth=\(token)")]),
      ("rpc", "https://ada:s3cret@rpc.example.org/"),
      ("rpc", "see https://ada:s3cret@rpc.example.org/ for it"),
      ("rpc", "https://mainnet.infura.io/v3/9aa3d95b3bc440fa88ea12eaa4456161"),
      ("rpc", "https://eth-mainnet.g.alchemy.com/v2/abcdefghijKLMNOPQRST123456789_-0"),
      (
        "note",
        "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"
      ),
      ("note", "-----BEGIN EC PRIVATE KEY-----\nMHQ"), ("note", "AKIAIOSFODNN7EXAMPLE"),
      ("note", "xoxb-123456789012-abcdefghijkl"), ("note", "sk_live_abcdefghijklmnop1234"),
      // By a name inside a text, or beside the value.
      ("note", .string("PRIVATE_KEY=\(key)")), ("note", .string("export PRIVATE_KEY='\(key)'")),
      ("note", .string("privateKey: \(key)")), ("note", .string("deployer private key: \(key)")),
      ("note", .string(#"{"privateKey":"\#(key)"}"#)), ("env", "DB_PASSWORD=hunter2"),
      ("command", .string("cast send --private-key \(key) 0x1")),
      ("deploymentArgs", ["--private-key", .string(key)]),
      ("url", "https://api.example.org/v1?apikey=0123456789abcdef&x=1"),
      ("deploymentArgs", [["name": "privateKey", "value": .string(key)]]),
      ("deploymentArgs", [["deployer": ["privateKey": .string(key)]]]),
      ("networkName", "https://ada:s3cret@rpc.example.org/"),
    ] as [(String, JSONValue)])
  func isFound(field: String, value: JSONValue) {
    #expect(!findings(field, value).isEmpty, "\(field) \(value.text(.compact))")
  }

  /// A word in each of twelve fields of the record.
  @Test(arguments: [11, 12, 15, 24]) func wordsInFieldsOfTheirOwnAreFound(count: Int) {
    let words = Array((Self.mnemonic + " " + Self.mnemonic).split(separator: " ").prefix(count))
    let fields = words.enumerated().map {
      FieldChange(path: "word\($0)", new: .string(String($1)))
    }
    let change = ContractChange(
      key: ContractKey(56, "A"), network: "n", kind: .added,
      fields: [FieldChange(path: "contractName", new: "abandon")] + fields)
    #expect(SecretScan.findings(in: change).map(\.path) == (count < 12 ? [] : ["word0"]))
  }

  /// Names that are words, too, with others among them.
  @Test func wordsAmongOthersPass() {
    let roles = "admin owner pause upgrade access control mint burn bridge oracle vault fee keeper"
    #expect(
      findings("roles", .array(roles.split(separator: " ").map { .string(String($0)) })) == [])
    let object = JSONObject(
      Self.mnemonic.split(separator: " ").enumerated().map {
        ("w\($0)", .string($0 == 6 ? "0x1" : String($1)))
      })
    #expect(findings("words", .object(object)) == [])
  }

  @Test(
    arguments: [
      // A hash, an address, a number, code: all public.
      ("deploymentArgs", [.string(key), .string(String(repeating: "4c", count: 32))]),
      ("transactionHash", .string(key)), ("txHash", .string(key)), ("salt", .string(key)),
      ("keyHash", .string(key)), ("publicKey", .string(key)), ("pubKey", .string(key)),
      ("contractKey", .string(key)), ("verifyingKey", .string(key)), ("storageKey", .string(key)),
      ("roleKey", .string(key)), ("poolKey", .string(key)), ("verificationKey", .string(key)),
      ("passwordHash", .string(key)), ("secretName", "prod/deployer"), ("tokenId", .string(key)),
      ("privateKeyEnv", "DEPLOYER_PRIVATE_KEY"), ("apiKeyId", "0123456789abcdef"),
      ("token", "0x7d919E3ac306BBA4e5c85E40fB665126586C992d"), ("token", "LookCoin"),
      ("token", .string(key)), ("rewardToken", "0x7d919E3ac306BBA4e5c85E40fB665126586C992d"),
      ("tokenName", "Look Coin for everybody"), ("token", "contracts/xchain/Token.sol:Token20"),
      ("token", ["address": "0x7d919E3ac306BBA4e5c85E40fB665126586C992d", "symbol": "LOOK"]),
      ("secretary", "0x7d919E3ac306BBA4e5c85E40fB665126586C992d"), ("pk", 7),
      ("monkey", .string(key)),
      ("privateKey", ""), ("privateKey", "${PRIVATE_KEY}"), ("privateKey", "<redacted>"),
      ("privateKey", "********"), ("password", "process.env.PASSWORD"), ("privateKey", .null),
      ("bytecode", .string("0x6080604052" + String(repeating: "ab", count: 4000))),
      ("abi", [["name": "privateKeyOf", "type": "bytes32"]]),
      ("abi", [["name": "token", "type": "address"], ["name": "key", "type": "bytes32"]]),
      ("note", "Look Coin is a token for all who like to look"),
      ("note", "The token: 0x7d919E3ac306BBA4e5c85E40fB665126586C992d"),
      ("note", "see https://example.org/token: it has no key=value"),
      ("note", "the private key is kept in the vault"), ("note", "secret: none"),
      ("rpc", "https://rpc.example.org:8545/path@v2"), ("repository", "git@github.com:a/b.git"),
      ("repository", "ssh://git@github.com/a/b.git"),
      ("rpc", "https://mainnet.infura.io/v3/${INFURA_KEY}"),
      ("note", "only ordinary words are here and they make no phrase whatever you may think"),
      (
        "image",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4"
      ),
      ("ipfs", "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKdEQx"),
      (
        "xpub",
        "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8"
      ),
      ("commit", "9aa3d95b3bc440fa88ea12eaa4456161aabbccdd"),
      ("factoryByteCodeHash", .string(key)), ("implementationHash", .string(key)),
    ] as [(String, JSONValue)])
  func passes(field: String, value: JSONValue) {
    #expect(findings(field, value) == [], "\(field) \(value.text(.compact).prefix(200))")
  }

  @Test func theValueIsNeverTold() {
    let found = findings("env", .string("A=1 PRIVATE_KEY=\(Self.key)"))
    #expect(found.map(\.path) == ["env"])
    #expect(found.allSatisfy { !$0.what.contains("4c4c") })
  }

  @Test func membersOfTheFileAreLookedAt() throws {
    let change = FileMembersChange(
      file: "deployments/n.json", chainID: 56, network: "n",
      fields: [FieldChange(path: "deployerKey", new: .string(Self.key))])
    var rules = GuardRules()
    func broken() throws -> [String] {
      var changes = ChangeSet()
      changes.files = [change]
      return try rules.broken(by: RuledChange(changes: changes, news: changes, hasReason: true))
    }
    #expect(try broken().count == 1)
    rules.allowedSecrets = ["56"]
    #expect(try broken() == [])
  }

  @Test func aHugeTextIsScannedInTime() {
    let text = String(repeating: "abandon zoo key: value=12 https://a.b/c ", count: 4000)
    let time = processorTime { #expect(findings("note", .string(text)) == []) }
    // Linear: a second or two without optimisation, where quadratic would take hours.
    #expect(time < bound(.seconds(60)))
  }
}

extension Sequence {
  /// The elements in groups of so many.
  fileprivate func chunked(_ size: Int) -> [[Element]] {
    let all = Array(self)
    return stride(from: 0, to: all.count, by: size).map {
      Array(all[$0..<Swift.min($0 + size, all.count)])
    }
  }
}
