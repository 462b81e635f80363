/// The compression of LevelDB's blocks (google/snappy, format_description.txt).
enum Snappy {
  /// The bytes before compression; nil if they are no such.
  static func decoded(_ input: ArraySlice<UInt8>) -> [UInt8]? {
    var rest = input
    guard let size = rest.popVarint32() else { return nil }
    // A block of LevelDB's is far smaller, and no input grows by more than this.
    guard size <= max(1 << 16, input.count * 64) else { return nil }
    var output: [UInt8] = []
    output.reserveCapacity(size)
    func number(_ bytes: ArraySlice<UInt8>) -> Int {
      bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    while let tag = rest.popFirst() {
      var length = Int(tag >> 2) + 1
      if tag & 3 == 0 {
        if length > 60 {
          let more = length - 60
          guard rest.count >= more else { return nil }
          length = number(rest.prefix(more)) + 1
          rest.removeFirst(more)
        }
        guard rest.count >= length else { return nil }
        output += rest.prefix(length)
        rest.removeFirst(length)
        continue
      }
      let more = [0, 1, 2, 4][Int(tag & 3)]
      guard rest.count >= more else { return nil }
      var distance = number(rest.prefix(more))
      rest.removeFirst(more)
      if tag & 3 == 1 {
        length = Int(tag >> 2 & 7) + 4
        distance |= Int(tag >> 5) << 8
      }
      guard distance > 0, distance <= output.count, output.count + length <= size else {
        return nil
      }
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
    return output.count == size ? output : nil
  }
}
