import Synchronization

/// Keeps writes to one contract in the order in which they were asked for, however long each of them
/// is in the hands of middleware; writes to other contracts overtake.
final class WriteOrder: Sendable {
  /// A write's place in the order of each of its contracts.
  struct Place: Sendable {
    fileprivate let keys: Set<ContractKey>
    fileprivate let own: Signal
    fileprivate let earlier: [Signal]

    /// Whether nobody has to be waited for.
    var isFirst: Bool { earlier.isEmpty }

    /// Waits until all earlier writes to the same contracts are in the queue, or are given up.
    func reached() async {
      for signal in earlier { await signal.wait() }
    }
  }

  private let last = Mutex<[ContractKey: Signal]>([:])

  /// Takes a place.
  func enter(_ keys: Set<ContractKey>) -> Place {
    let own = Signal()
    let earlier = last.withLock { last in
      keys.compactMap { key in
        defer { last[key] = own }
        return last[key]
      }
    }
    return Place(keys: keys, own: own, earlier: earlier)
  }

  /// Lets the next ones go on.
  func leave(_ place: Place) {
    last.withLock { last in
      for key in place.keys where last[key] === place.own { last[key] = nil }
    }
    place.own.send()
  }

  /// Gives up a place, or leaves it again.
  ///
  /// Those behind it wait for it alone, and must not get past those before it.
  func giveUp(_ place: Place) {
    guard !place.earlier.isEmpty else { return leave(place) }
    Task {
      await place.reached()
      leave(place)
    }
  }
}
