import Synchronization

/// Keeps writes to one contract in the order in which they were asked for, however long each of them
/// is in the hands of middleware; writes to other contracts overtake.
final class WriteOrder: Sendable {
  /// A write's place in the order of each of its contracts.
  struct Place: Sendable {
    fileprivate let keys: Set<ContractKey>
    fileprivate let own: Signal
    fileprivate let earlier: [Signal]

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
}

/// Something that happens once.
private final class Signal: Sendable {
  private struct State {
    var isSent = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  func wait() async {
    await withCheckedContinuation { continuation in
      let isSent = state.withLock { state in
        if !state.isSent { state.waiting.append(continuation) }
        return state.isSent
      }
      if isSent { continuation.resume() }
    }
  }

  func send() {
    let waiting = state.withLock { state in
      state.isSent = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}
