/// What a look at the whole state found.
public struct VerificationReport: Hashable, Sendable {
  /// What is wrong: records that cannot be right, files that cannot be read.
  public var errors: [String]
  /// What is worth knowing.
  public var warnings: [String]
  /// How many contracts there are.
  public var contractCount: Int
  /// When, in milliseconds since 1970.
  public var lastValidated: Int64

  /// Whether nothing is wrong.
  public var isValid: Bool { errors.isEmpty }

  /// Makes a report.
  ///
  /// - Parameters:
  ///   - errors: What is wrong.
  ///   - warnings: What is worth knowing.
  ///   - contractCount: How many contracts there are.
  ///   - lastValidated: When, in milliseconds since 1970.
  public init(
    errors: [String] = [], warnings: [String] = [], contractCount: Int = 0,
    lastValidated: Int64 = 0
  ) {
    self.errors = errors
    self.warnings = warnings
    self.contractCount = contractCount
    self.lastValidated = lastValidated
  }

  /// Counts a contract and notes what is odd about it.
  ///
  /// - Parameters:
  ///   - contract: The contract.
  ///   - file: The file that has it, where there are several.
  public mutating func add(_ contract: Contract, file: String? = nil) {
    contractCount += 1
    for oddity in contract.oddities {
      let line = file.map { "\($0): \(oddity)" } ?? "\(oddity)"
      switch oddity.severity {
      case .error: errors.append(line)
      case .warning: warnings.append(line)
      }
    }
  }
}
