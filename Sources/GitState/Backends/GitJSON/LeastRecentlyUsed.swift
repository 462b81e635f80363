/// Values up to a total cost; what was used least recently goes first.
///
/// A value is not replaced: a key stands for one value for good.
struct LeastRecentlyUsed<Key: Hashable, Value> {
  private struct Entry {
    let key: Key
    let value: Value
    let cost: Int
  }

  /// The neighbours of a place in the order of use.
  private struct Link {
    var older: Int
    var newer: Int
  }

  /// What the values may cost together.
  let capacity: Int
  /// What the values cost together.
  private(set) var cost = 0
  /// How many values had to go.
  private(set) var evictionCount = 0

  private var places: [Key: Int] = [:]
  // The places form a ring in the order of use. Place 0 never has an entry: it closes the ring, its
  // newer neighbour is the oldest entry and its older one the newest.
  private var entries: [Entry?] = [nil]
  private var links = [Link(older: 0, newer: 0)]
  private var freePlaces: [Int] = []

  init(capacity: Int) { self.capacity = max(0, capacity) }

  /// How many values are held.
  var count: Int { places.count }

  /// The value of a key, which then is the one used last.
  ///
  /// - Complexity: O(1).
  mutating func value(of key: Key) -> Value? {
    guard let place = places[key] else { return nil }
    unlink(place)
    linkAsNewest(place)
    return entries[place]?.value
  }

  /// Holds a value, unless it alone costs too much; then all others stay.
  ///
  /// - Returns: The values that had to go, oldest first.
  /// - Complexity: O(1) for each value that comes or goes.
  mutating func insert(_ value: Value, for key: Key, cost: Int) -> [Value] {
    // Two readers may have parsed the same file at the same time; the first one's is in use.
    guard self.value(of: key) == nil, cost <= capacity else { return [] }
    var evicted: [Value] = []
    while self.cost > capacity - cost, let oldest = removeOldest() { evicted.append(oldest) }
    let place = freePlaces.popLast() ?? entries.endIndex
    if place == entries.endIndex {
      entries.append(nil)
      links.append(Link(older: place, newer: place))
    }
    entries[place] = Entry(key: key, value: value, cost: cost)
    linkAsNewest(place)
    places[key] = place
    self.cost += cost
    return evicted
  }

  private mutating func removeOldest() -> Value? {
    let place = links[0].newer
    guard let entry = entries[place] else { return nil }
    unlink(place)
    entries[place] = nil
    freePlaces.append(place)
    places[entry.key] = nil
    cost -= entry.cost
    evictionCount += 1
    return entry.value
  }

  private mutating func unlink(_ place: Int) {
    let link = links[place]
    links[link.older].newer = link.newer
    links[link.newer].older = link.older
  }

  private mutating func linkAsNewest(_ place: Int) {
    let newest = links[0].older
    links[place] = Link(older: newest, newer: 0)
    links[newest].newer = place
    links[0].older = place
  }
}
