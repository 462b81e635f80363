import LosslessJSON
import Testing

@testable import GitState

/// Chain IDs and the keys that LevelDB's folders have.
@Suite struct ContractKeyTests {
  @Test(arguments: [
    ("1", 1), ("56", 56), ("9223372036854775808", 1 << 63), ("18446744073709551615", UInt64.max),
  ])
  func readsChainIDs(text: String, number: UInt64) throws {
    let chainID = try #require(ChainID(text))
    #expect(chainID.rawValue == number)
    #expect(chainID.description == text)
    #expect(ChainID(.string(text)) == chainID)
    #expect(ChainID(.number(JSONNumber(number))) == chainID)
    #expect(ChainID(number) == chainID)
  }

  @Test(arguments: [
    "", "0", "00", "056", "-1", "+1", " 1", "1 ", "1.0", "1e2", "0x1", "18446744073709551616",
    "1_0",
    "99999999999999999999999", "٥", "１", "5\u{301}", "bsc", "null",
  ])
  func refusesOtherChainIDs(text: String) {
    #expect(ChainID(text) == nil)
    #expect(ChainID(.string(text)) == nil)
    #expect(ContractKey(text + "-X") == nil)
  }

  @Test func refusesChainIDsOfOtherTypes() throws {
    for json in [
      "0", "-1", "1.0", "1e2", "1e400", "null", "true", "[1]", "{}", "18446744073709551616",
    ] {
      #expect(ChainID(try JSONValue(parsing: json)) == nil)
    }
    #expect(ChainID(UInt64.zero) == nil)
  }

  @Test(arguments: [
    ("56-LookCoin", 56, "LookCoin"), ("1-a-b-c", 1, "a-b-c"), ("1--", 1, "-"), ("1- ", 1, " "),
    ("56-contracts/x.sol:X", 56, "contracts/x.sol:X"), ("18446744073709551615-X", UInt64.max, "X"),
    ("1-56-X", 1, "56-X"), ("1-\u{301}x", 1, "\u{301}x"), ("1-\u{fe0f}", 1, "\u{fe0f}"),
    ("1-\r\n", 1, "\r\n"), ("1-👩‍👩‍👧", 1, "👩‍👩‍👧"),
  ])
  func readsKeys(text: String, chainID: UInt64, name: String) throws {
    let key = try #require(ContractKey(text))
    #expect(key.chainID.rawValue == chainID)
    #expect(Array(key.name.utf8) == Array(name.utf8))
    #expect(Array(key.description.utf8) == Array(text.utf8))
  }

  @Test(arguments: [
    "", "-", "56", "56-", "-LookCoin", "LookCoin", "56/LookCoin", "x56-A", "56\u{2010}A", "56:A-B",
  ])
  func refusesOtherKeys(text: String) {
    #expect(ContractKey(text) == nil)
  }

  @Test func keysAreOrderedByChainThenBytes() {
    let keys = [
      ContractKey(1, "b"), ContractKey(1, "é"), ContractKey(2, "A"), ContractKey(2, "B"),
      ContractKey(2, "a"), ContractKey(2, "e\u{301}"), ContractKey(2, "\u{e9}"),
      ContractKey(10, "A"),
      ContractKey(10, "\u{ffff}"), ContractKey(10, "😀"),
    ]
    var random = SeededGenerator(seed: 1)
    for _ in 0..<20 { #expect(keys.shuffled(using: &random).sorted() == keys) }
    #expect(Set(keys).count == keys.count)
    #expect(ContractKey(2, "e\u{301}") != ContractKey(2, "\u{e9}"))
  }
}
