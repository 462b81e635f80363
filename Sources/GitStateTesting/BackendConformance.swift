public import GitState

/// What every backend must do alike, as checks that whoever writes one runs from their tests.
///
/// ```swift
/// @Test(arguments: BackendConformance.Check.allCases)
/// func conforms(check: BackendConformance.Check) throws {
///   try BackendConformance { try MyBackend() }.run(check)
/// }
/// ```
///
/// Infrastructure queries and commits are the git backend's alone and not part of it.
public struct BackendConformance {
  /// One thing that a backend must do.
  public enum Check: String, CaseIterable, Sendable, CustomStringConvertible {
    /// What is put comes back, field by field, and an absent contract is nil.
    case putAndGet
    /// Records that are hard to keep come back exactly.
    case exactness
    /// Names that are hard to keep are kept apart.
    case names
    /// A put replaces the record; the same again changes nothing.
    case replace
    /// An update changes the fields given, on top of the record that is there.
    case update
    /// A delete removes; deleting what is not there changes nothing.
    case delete
    /// A transaction is done as a whole, or not at all.
    case transaction
    /// Of several operations, one that fails fails alone.
    case batch
    /// Malformed records are refused, naming the field, and nothing is written.
    case validation
    /// Queries filter by chain, name and network, and sort both ways.
    case queries
    /// Imports keep or overwrite, take odd records, and say what became of each.
    case imports
    /// Change sets say what became of each contract, in the words that all share.
    case changeSets
    /// Verification counts the contracts and names those that cannot be right.
    case verification
    /// A preview answers as the operation would, and changes nothing.
    case preview
    /// The chain of a network is found, and a network that no record has is none.
    case networks
    /// A state that can be read is healthy, however often it is opened.
    case health
    /// What was answered is there after closing and opening again.
    case persistence
    /// What was exported, and then deleted, comes back by an import as it was.
    case documents
    /// A thousand contracts in batches, and a record of ten megabytes.
    case volume
    /// Reads beside writes see whole records, and every write that was answered.
    case parallel

    /// The check's name.
    public var description: String { rawValue }
  }

  let make: () throws -> any StateBackend
  let reopen: ((any StateBackend) throws -> any StateBackend)?

  /// Checks backends that a closure makes.
  ///
  /// - Parameters:
  ///   - reopen: Opens a closed backend's state again; nil where it ends with the backend.
  ///   - make: Makes an empty backend, another one each time.
  public init(
    reopen: ((any StateBackend) throws -> any StateBackend)? = nil,
    make: @escaping () throws -> any StateBackend
  ) {
    self.make = make
    self.reopen = reopen
  }

  /// Runs one check on a backend of its own.
  ///
  /// - Parameter check: What to check.
  /// - Throws: ``ConformanceFailure`` where the backend does something else, or what it throws.
  public func run(_ check: Check) throws {
    let backend = try make()
    switch check {
    case .putAndGet: try putAndGet(backend)
    case .exactness: try exactness(backend)
    case .names: try names(backend)
    case .replace: try replace(backend)
    case .update: try update(backend)
    case .delete: try delete(backend)
    case .transaction: try transaction(backend)
    case .batch: try batch(backend)
    case .validation: try validation(backend)
    case .queries: try queries(backend)
    case .imports: try imports(backend)
    case .changeSets: try changeSets(backend)
    case .verification: try verification(backend)
    case .preview: try preview(backend)
    case .networks: try networks(backend)
    case .health: try health(backend)
    case .persistence: try persistence(backend)
    case .documents: try documents(backend)
    case .volume: try volume(backend)
    case .parallel: try parallel(backend)
    }
    backend.close()
  }
}

/// Something that a backend does otherwise than it must.
public struct ConformanceFailure: Error, CustomStringConvertible {
  /// What was expected, and what there was.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Throws where a condition does not hold.
func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
  if !condition { throw ConformanceFailure(message()) }
}

/// Throws where two values differ.
func expectEqual<Value: Equatable>(_ actual: Value, _ expected: Value, _ what: String) throws {
  if actual != expected {
    throw ConformanceFailure("\(what): expected \(expected), found \(actual)")
  }
}

/// Throws where a body does not fail with a code.
func expectError(_ code: StateError.Code, _ what: String, _ body: () throws -> Void) throws
  -> StateError
{
  do {
    try body()
  } catch let error as StateError {
    guard error.code == code else {
      throw ConformanceFailure("\(what): expected \(code.rawValue), found \(error)")
    }
    return error
  }
  throw ConformanceFailure("\(what): expected \(code.rawValue), but it succeeded")
}

extension StateBackend {
  /// Does one operation and returns its answer.
  @discardableResult
  func one(_ kind: Operation.Kind, _ mutations: Mutation...) throws -> WriteResult {
    let results = apply([Operation(kind, mutations)])
    try expectEqual(results.count, 1, "answers to one operation")
    return try results[0].get()
  }
}

/// A well-formed record.
func sampleContract(
  _ name: String = "Token", chain: ChainID = 56, network: String = "bscmainnet",
  address: Character = "1", time: Int64 = 1_753_441_878_006
) -> Contract {
  let digits = { (digit: Character, count: Int) in "0x" + String(repeating: digit, count: count) }
  return Contract(
    name: name, chainID: chain, networkName: network, address: digits(address, 40),
    factoryByteCodeHash: digits("a", 64), implementationHash: digits("a", 64),
    proxyAddress: digits("9", 40), timestamp: time)
}
