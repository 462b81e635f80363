import GitState
import LosslessJSON

/// Records as LevelDB folders might have them: ordinary ones, and ones that nobody should write.
struct RecordGenerator {
  var random: SeededGenerator
  let chainID: UInt64
  let network: String

  init(seed: UInt64, chainID: UInt64 = 56, network: String = "bscmainnet") {
    random = SeededGenerator(seed: seed)
    self.chainID = chainID
    self.network = network
  }

  /// Names of contracts, among them ones that Swift's `==` cannot tell apart.
  static let names = [
    "LookCoin", "lookCoin", "LookCoin2", "contracts/xchain/CrossChainRouter.sol:CrossChainRouter",
    "a.b.c", "$", "#", "@openzeppelin/contracts@5.0.0/token/ERC20.sol:ERC20", ":", "/", "-", "56-X",
    "caf\u{e9}", "cafe\u{301}", "\u{e9}", "e\u{301}", "\u{301}", "\u{212b}", "\u{c5}", "A\u{30a}",
    "契約", "Контракт", "😀", "👩‍👩‍👧", "__proto__", "constructor", "toString", "hasOwnProperty",
    "proxy", "implementation", "record", "contracts", "implementationHashes", "network", "chainId",
    "timestamp", "a\"b", "a\\b", "a\tb", "a\nb", "a\u{0}b", "a\u{7f}b", "a\u{2028}b", " ", " x ",
    "\u{feff}x", "0x7d919E3ac306BBA4e5c85E40fB665126586C992d",
  ]

  /// Names of fields that are none of a record's own; several mean something in an entry or a file.
  static let unknownFields = [
    "proxy", "implementation", "record", "chainid", "chainID", "ChainId", "chain_id", "network",
    "lastDeployed", "contracts", "implementationHashes", "Address", "proxyaddress", "addresses",
    "implementationAddress", "0x7d919E3ac306BBA4e5c85E40fB665126586C992d", "abi", "receipt", "",
    "\u{e9}", "e\u{301}", "__proto__", "a.b", "a/b", "contractName ", "Record", "PROXY",
  ]

  mutating func contract(named name: String? = nil) throws -> Contract {
    try Contract(record: record(name ?? random.pick(Self.names)))
  }

  /// A record, its fields in any order.
  mutating func record(_ name: String) -> JSONObject {
    let address = random.hex(40)
    var fields: [(String, JSONValue)] = [("contractName", .string(name))]
    let digits = String(chainID)
    fields.append(
      (
        "chainId",
        random.chance(15) ? .string(digits) : JSONNumber(digits).map { .number($0) } ?? .null
      ))
    func add(_ field: String, _ value: JSONValue?) {
      if let value { fields.append((field, value)) }
    }
    let isOdd = random.chance(35)
    add("networkName", isOdd ? oddNetwork() : .string(random.chance(70) ? network : "bsc"))
    add("address", isOdd ? oddAddress(address) : .string(address))
    let hash = random.hex(64)
    add("factoryByteCodeHash", anyHash(hash, isOdd))
    add("implementationHash", anyHash(hash, isOdd))
    add("proxyAddress", proxy(of: address, isOdd))
    add("deploymentArgs", arguments(isOdd))
    add("timestamp", isOdd ? oddTimestamp() : timestamp())
    var names = Self.unknownFields
    for _ in 0..<(random.chance(50) ? 0 : random.below(5)) {
      let field = names.remove(at: random.below(names.count))
      add(field, unknownValue(name))
    }
    fields.shuffle(using: &random)
    return JSONObject(fields)
  }

  private mutating func oddNetwork() -> JSONValue? {
    random.pick([nil, .null, "", 56, "a/b", ".x", "BSC Mainnet", "\u{1b}[31m", "bscmainne\u{301}t"])
  }

  private mutating func oddAddress(_ address: String) -> JSONValue? {
    random.pick([nil, .null, "", 5, true, ["0x"], ["a": 1], "0x", "soon", .string(address)])
  }

  private mutating func anyHash(_ hash: String, _ isOdd: Bool) -> JSONValue? {
    if isOdd, random.chance(30) { return random.pick([.null, 5, false, [], [:], "0x"]) }
    return random.pick([nil, "", .string(hash), .string(hash), .string(random.hex(64))])
  }

  private mutating func proxy(of address: String, _ isOdd: Bool) -> JSONValue? {
    if isOdd, random.chance(40) {
      return random.pick([
        .null, "", 7, false, [], ["address": "0x1"], "none", .string(address.lowercased()),
        .string(address.uppercased()),
      ])
    }
    return random.pick([
      nil, nil, .string(random.hex(40)), .string(random.hex(40)), .string(address),
    ])
  }

  private mutating func arguments(_ isOdd: Bool) -> JSONValue? {
    if isOdd, random.chance(30) { return random.pick([.null, "x", 5, [:], ["a": [1, "1"]]]) }
    switch random.below(4) {
    case 0: return nil
    case 1: return []
    default: return .array((0..<random.below(4)).map { _ in value(depth: 3) })
    }
  }

  private mutating func timestamp() -> JSONValue {
    let milliseconds: Int64 = random.pick([
      0, 1, -1, 1_753_441_878_006, -62_135_596_800_000, 253_402_300_799_999,
      Int64.random(in: -62_135_596_800_000...253_402_300_799_999, using: &random),
    ])
    return .number(JSONNumber(milliseconds))
  }

  private mutating func oddTimestamp() -> JSONValue? {
    random.pick([
      nil, .null, "", "2025-07-25T11:11:18.006Z", "1753441878006", true, [], [:],
      number("1753441878006.5"), number("1.753441878006e12"), number("1e400"), number("-0"),
      number("99999999999999999999"), number("1.0"),
    ])
  }

  private mutating func unknownValue(_ name: String) -> JSONValue {
    switch random.below(5) {
    case 0:
      // What an entry's own `record` looks like, of this contract and of others.
      return [
        "contractName": .string(random.chance(50) ? name : "Other"),
        "chainId": .number(JSONNumber(random.chance(50) ? chainID : chainID + 1)),
        "address": .string(random.hex(40)),
      ]
    case 1: return .string(random.hex(40))
    case 2:
      return random.pick([.null, "", .number(JSONNumber(chainID)), .string(String(chainID)), 97])
    default: return value(depth: 2)
    }
  }

  /// Any JSON.
  mutating func value(depth: Int) -> JSONValue {
    switch random.below(depth > 0 ? 9 : 7) {
    case 0: return random.pick([.null, true, false])
    case 1: return .number(JSONNumber(Int64.random(in: .min ... .max, using: &random)))
    case 2:
      // 2^256-1, and numbers that a reader of doubles would respell.
      return random.pick([
        number("115792089237316195423570985008687907853269984665640564039457584007913129639935"),
        number("1.0"), number("1e400"), number("-0"), number("1E+2"), number("0.1000"),
      ])
    case 3:
      return "115792089237316195423570985008687907853269984665640564039457584007913129639935"
    case 4: return .string(random.hex(40))
    case 5, 6: return .string(random.pick(Self.names))
    case 7: return .array((0..<random.below(4)).map { _ in value(depth: depth - 1) })
    default:
      return .object(
        JSONObject(
          (0..<random.below(4)).map { _ in
            (random.pick(Self.names), value(depth: depth - 1))
          }))
    }
  }

  private func number(_ text: String) -> JSONValue {
    JSONNumber(text).map { .number($0) } ?? .null
  }
}
