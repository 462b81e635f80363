public import LosslessJSON

/// What a ``StateManager`` has done since it was made.
public struct StateMetrics: Hashable, Sendable {
  /// Operations of one sort.
  public struct Operations: Hashable, Sendable {
    /// How many were answered, errors included.
    public var count = 0
    /// How many were answered with an error.
    public var errors = 0
    /// The mean time from call to answer, in milliseconds.
    public var mean = 0.0
    /// The time that half of them needed at most, in milliseconds.
    public var p50 = 0.0
    /// The time that 99 of 100 needed at most, in milliseconds.
    public var p99 = 0.0
  }

  /// What keeps the state.
  public var backendType: String
  /// Reads of one contract.
  public var reads = Operations()
  /// Writes, one for each operation however many contracts it has.
  public var writes = Operations()
  /// Queries, lists, exports and verifications.
  public var queries = Operations()
  /// What the backend's cache did; nil where it has none.
  public var cache: CacheStatistics?

  /// The share of operations that were answered with an error, from 0 to 1; nil before the first one.
  public var errorRate: Double? {
    let all = [reads, writes, queries]
    let count = all.reduce(0) { $0 + $1.count }
    return count == 0 ? nil : Double(all.reduce(0) { $0 + $1.errors }) / Double(count)
  }
}

extension StateMetrics {
  /// `{"backend","reads","writes","queries","errorRate","cacheHitRate","cache"}`.
  ///
  /// Each of the three is `{"count","errors","meanMs","p50Ms","p99Ms"}`; rates are from 0 to 1, null
  /// before there is anything to count, and `cache` is null where the backend has none.
  public var json: JSONObject {
    [
      "backend": .string(backendType), "reads": .object(reads.json), "writes": .object(writes.json),
      "queries": .object(queries.json), "errorRate": .decimal(errorRate),
      "cacheHitRate": .decimal(cache?.hitRate ?? nil),
      "cache": cache.map { cache in
        [
          "hits": .number(JSONNumber(cache.hits)), "misses": .number(JSONNumber(cache.misses)),
          "evictions": .number(JSONNumber(cache.evictions)),
          "entries": .number(JSONNumber(cache.entries)),
          "bytes": .number(JSONNumber(cache.bytes)),
          "capacity": .number(JSONNumber(cache.capacity)),
        ]
      } ?? .null,
    ]
  }
}

extension StateMetrics.Operations {
  fileprivate var json: JSONObject {
    [
      "count": .number(JSONNumber(count)), "errors": .number(JSONNumber(errors)),
      "meanMs": .decimal(mean), "p50Ms": .decimal(p50), "p99Ms": .decimal(p99),
    ]
  }
}

extension JSONValue {
  /// A measured number with three decimals; null where there is none.
  static func decimal(_ value: Double?) -> JSONValue {
    guard let value, value.isFinite, let number = JSONNumber("\((value * 1000).rounded() / 1000)")
    else { return .null }
    return .number(number)
  }
}
