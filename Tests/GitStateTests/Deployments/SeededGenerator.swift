/// The same numbers for the same seed, on every machine (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// One of some.
  mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[Int(next() % UInt64(choices.count))]
  }

  /// Whether something happens that happens so often in a hundred.
  mutating func chance(_ percent: UInt64) -> Bool { next() % 100 < percent }

  /// A number below a bound.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// 0x and so many hex digits.
  mutating func hex(_ digits: Int) -> String {
    let letters = chance(50) ? "0123456789abcdef" : "0123456789ABCDEFabcdef"
    return "0x" + String((0..<digits).map { _ in pick(Array(letters)) })
  }
}
