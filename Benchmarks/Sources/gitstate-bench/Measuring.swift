import CPeers
import Foundation

/// Times of one thing, in seconds.
struct Times {
  var values: [Double]

  var median: Double { quantile(0.5) }
  var p99: Double { quantile(0.99) }

  private func quantile(_ part: Double) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
  }
}

/// Runs a body several times, and takes the time of each.
func measure(_ rounds: Int, from first: Int = 0, _ body: (Int) throws -> Void) rethrows -> Times {
  var values: [Double] = []
  for round in first..<first + rounds {
    let start = ContinuousClock.now
    try body(round)
    values.append((ContinuousClock.now - start).seconds)
  }
  return Times(values: values)
}

/// Peers that are measured in turns, so that all have the same of what slows a machine down for a while.
struct Contest {
  /// How many turns each has.
  static let turns = 5

  private var peers: [(name: String, rounds: Int, body: (Int) throws -> Void, times: Times)] = []

  /// Adds one whose body is run so many times in all.
  mutating func add(_ name: String, rounds: Int, _ body: @escaping (Int) throws -> Void) {
    peers.append((name, max(1, rounds / Self.turns), body, Times(values: [])))
  }

  /// Runs all, and says how long each took.
  mutating func run(_ report: (String, Times) -> Void) throws {
    for turn in 0..<Self.turns {
      for index in peers.indices {
        let (_, rounds, body, _) = peers[index]
        peers[index].times.values += try measure(rounds, from: turn * rounds, body).values
      }
    }
    for peer in peers { report(peer.name, peer.times) }
  }
}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}

/// A failure of the benchmark itself.
struct BenchmarkError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Runs a program to its end.
///
/// - Returns: What it wrote, and the most memory it had, in bytes.
@discardableResult
func run(
  _ program: String, _ arguments: [String], in folder: String, input: FileHandle? = nil
) throws -> (output: String, memory: Int) {
  let output = Pipe()
  let arguments = [program] + arguments
  var pointers: [UnsafePointer<CChar>?] = arguments.map { UnsafePointer(strdup($0)) } + [nil]
  defer { for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) } }
  let process = peer_start(
    &pointers, folder, input?.fileDescriptor ?? -1, output.fileHandleForWriting.fileDescriptor)
  try output.fileHandleForWriting.close()
  guard process > 0 else { throw BenchmarkError("\(program) cannot be started") }
  let text = output.fileHandleForReading.readDataToEndOfFile()
  let status = peer_wait(process)
  let shown = String(decoding: text, as: UTF8.self)
  guard status == 0 else {
    throw BenchmarkError("\(arguments.joined(separator: " ")) failed: \(shown)")
  }
  var usage = rusage()
  getrusage(-1, &usage)  // RUSAGE_CHILDREN: the largest of all children so far
  return (shown, usage.ru_maxrss * 1024)
}

/// The table, and the same as JSON.
struct Report {
  struct Row {
    let what: String
    let who: String
    let value: Double
    let unit: String
    let p99: Double?
  }

  private(set) var rows: [Row] = []

  mutating func add(
    _ what: String, _ who: String, _ value: Double, _ unit: String, p99: Double? = nil
  ) {
    rows.append(Row(what: what, who: who, value: value, unit: unit, p99: p99))
    let tail = p99.map { String(format: "  (p99 %.3f)", $0) } ?? ""
    let line =
      "\(what.padding(46)) \(who.padding(34)) \(String(format: "%12.3f", value)) \(unit)\(tail)\n"
    // Not print(): its buffer would keep the table back until the end.
    FileHandle.standardOutput.write(Data(line.utf8))
  }

  /// Adds a median in milliseconds, and the 99th percentile.
  mutating func add(_ what: String, _ who: String, _ times: Times) {
    add(what, who, times.median * 1000, "ms", p99: times.p99 * 1000)
  }

  var json: Data {
    get throws {
      let list = rows.map { row in
        var object: [String: Any] = [
          "what": row.what, "who": row.who, "value": row.value, "unit": row.unit,
        ]
        if let p99 = row.p99 { object["p99"] = p99 }
        return object
      }
      return try JSONSerialization.data(
        withJSONObject: list, options: [.prettyPrinted, .sortedKeys])
    }
  }
}

extension String {
  func padding(_ width: Int) -> String {
    count >= width ? self : self + String(repeating: " ", count: width - count)
  }
}
