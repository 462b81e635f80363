public import LosslessJSON

/// Whether a backend can be read, as ``StateBackend/health()`` tells.
public struct BackendHealth: Hashable, Sendable {
  /// What is wrong, a sentence each; empty where all is well.
  public var problems: [String]

  /// Makes a finding.
  public init(problems: [String] = []) { self.problems = problems }
}

/// Whether a ``StateManager`` can do its work.
public struct HealthReport: Hashable, Sendable {
  /// Whether the state can be read as a whole.
  public var isHealthy: Bool { problems.isEmpty }
  /// What keeps the state.
  public var backendType: String
  /// What is wrong, a sentence each.
  public var problems: [String]
  /// How long the look took, in milliseconds.
  public var latency: Double

  /// Makes a report.
  ///
  /// - Parameters:
  ///   - backendType: What keeps the state.
  ///   - problems: What is wrong, a sentence each.
  ///   - latency: How long the look took, in milliseconds.
  public init(backendType: String, problems: [String], latency: Double) {
    self.backendType = backendType
    self.problems = problems
    self.latency = latency
  }
}

extension HealthReport {
  /// `{"isHealthy","backend","problems":[],"latencyMs"}`.
  public var json: JSONObject {
    [
      "isHealthy": .bool(isHealthy), "backend": .string(backendType),
      "problems": .array(problems.map { .string($0) }), "latencyMs": .decimal(latency),
    ]
  }
}
