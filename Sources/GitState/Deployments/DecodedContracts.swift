import Synchronization

/// The records that were read from one file's entries so far: each is decoded once, however often it is
/// asked for.
///
/// They belong to that file as it is; a changed file has its own.
final class DecodedContracts: Sendable {
  /// Records by the positions of their entries in the file.
  ///
  /// In blocks, so that another version of a large file copies no more than the one that changes.
  private struct Blocks {
    private static let size = 32
    private var blocks: [[Contract?]]

    init(count: Int) {
      let empty = [Contract?](repeating: nil, count: min(count, Self.size))
      blocks = [[Contract?]](repeating: empty, count: (count + Self.size - 1) / Self.size)
    }

    subscript(position: Int) -> Contract? {
      get { blocks[position / Self.size][position % Self.size] }
      set { blocks[position / Self.size][position % Self.size] = newValue }
    }
  }

  private let contracts: Mutex<Blocks>

  /// A place for each entry of a file, with records that are known by their positions.
  init(count: Int, _ known: [(position: Int, contract: Contract)] = []) {
    var contracts = Blocks(count: count)
    for (position, contract) in known { contracts[position] = contract }
    self.contracts = Mutex(contracts)
  }

  /// What is known of another version of the file, in which the entries at some positions have changed.
  init(_ other: DecodedContracts, replacing changed: [(position: Int, contract: Contract)]) {
    var contracts = other.contracts.withLock { $0 }
    for (position, contract) in changed { contracts[position] = contract }
    self.contracts = Mutex(contracts)
  }

  /// The record of the entry at a position, decoded at the first call.
  ///
  /// What cannot be decoded is tried anew each time.
  ///
  /// - Throws: What the decoding throws.
  func contract(at position: Int, decode: () throws(StateError) -> Contract) throws(StateError)
    -> Contract
  {
    if let known = contracts.withLock({ $0[position] }) { return known }
    // Outside the lock: two readers may decode the same at once, and get equal records.
    let contract = try decode()
    contracts.withLock { $0[position] = contract }
    return contract
  }
}
