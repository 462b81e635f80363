internal import CGit2

/// What an object in a pack begins with (gitformat-pack, "Object entries").
struct PackEntryHeader {
  /// How an object stands in a pack.
  enum Kind {
    /// By itself.
    case whole
    /// As a delta to an object that comes so many bytes before it.
    case distantDelta
    /// As a delta to an object that is named.
    case namedDelta
  }

  let kind: Kind
  /// The number that stands for what it is.
  private let code: UInt8
  /// How many bytes it has before it is compressed.
  let size: Int

  init(type: git_object_t, size: Int) {
    (kind, code, self.size) = (.whole, UInt8(truncatingIfNeeded: type.rawValue), size)
  }

  init(kind: Kind, size: Int) {
    let code: UInt8 =
      switch kind {
      case .whole: 3
      case .distantDelta: 6
      case .namedDelta: 7
      }
    (self.kind, self.code, self.size) = (kind, code, size)
  }

  /// Reads one; nil where there is none.
  ///
  /// - Parameters:
  ///   - bytes: The pack.
  ///   - at: Where the object begins; then where the header ends.
  init?(reading bytes: UnsafeRawBufferPointer, at: inout Int) {
    guard at < bytes.count else { return nil }
    var byte = bytes[at]
    at += 1
    code = byte >> 4 & 7
    switch code {
    case 1...4: kind = .whole
    case 6: kind = .distantDelta
    case 7: kind = .namedDelta
    default: return nil
    }
    var size = Int(byte & 0x0F)
    var shift = 4
    while byte & 0x80 != 0 {
      guard at < bytes.count, shift < 60 else { return nil }
      byte = bytes[at]
      at += 1
      size |= Int(byte & 0x7F) << shift
      shift += 7
    }
    self.size = size
  }

  /// Appends it: four bits of the size, then seven in each byte.
  func append(to pack: inout [UInt8]) {
    var byte = code << 4 | UInt8(size & 0x0F)
    var rest = size >> 4
    while rest > 0 {
      pack.append(byte | 0x80)
      byte = UInt8(rest & 0x7F)
      rest >>= 7
    }
    pack.append(byte)
  }

  /// Appends how far back a delta's base is: seven bits in each byte, the high ones first, less one each.
  static func append(distance: Int, to pack: inout [UInt8]) {
    var bytes = [UInt8(distance & 0x7F)]
    var rest = distance >> 7
    while rest > 0 {
      rest -= 1
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    pack += bytes.reversed()
  }

  /// Reads how far back a delta's base is; nil where that is no distance.
  static func distance(in bytes: UnsafeRawBufferPointer, at: inout Int) -> Int? {
    var distance = -1
    var byte: UInt8 = 0
    repeat {
      guard at < bytes.count, distance < 1 << 40 else { return nil }
      byte = bytes[at]
      at += 1
      distance = (distance + 1) << 7 | Int(byte & 0x7F)
    } while byte & 0x80 != 0
    return distance
  }
}
