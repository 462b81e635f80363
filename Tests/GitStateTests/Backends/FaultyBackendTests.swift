import GitState
import GitStateTesting
import Synchronization
import Testing

/// State in memory with a fault of its own, to see that the conformance suite finds it.
private final class FaultyBackend: StateBackend {
  enum Fault: String, CaseIterable {
    case dropsUnknownFields, writesHalfATransaction, writesPreviews, ignoresCase, sortsByName
    case skipsValidation, keepsNothingOnImport, namesNoNetwork, isNeverHealthy
    case forgetsOnClosing
  }

  let fault: Fault
  let memory: InMemoryBackend

  init(_ fault: Fault, memory: InMemoryBackend = InMemoryBackend()) {
    (self.fault, self.memory) = (fault, memory)
  }

  var type: String { "faulty" }

  private func spoiled(_ contract: Contract) -> Contract {
    var contract = contract
    if fault == .dropsUnknownFields { contract["salt"] = nil }
    return contract
  }

  func contract(_ key: ContractKey) throws(StateError) -> Contract? {
    if fault == .ignoresCase {
      return try memory.contracts(matching: ContractQuery(chainID: key.chainID))
        .first { $0.name.lowercased() == key.name.lowercased() }
    }
    return memory.contract(key).map(spoiled)
  }

  func contracts(matching query: ContractQuery) throws(StateError) -> [Contract] {
    let found = try memory.contracts(matching: query).map(spoiled)
    return fault == .sortsByName ? found.sorted { $0.name < $1.name } : found
  }

  func apply(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
    if fault == .writesHalfATransaction {
      return operations.map { operation in
        Result { () throws(StateError) in
          var all = WriteResult(changes: ChangeSet(changes: []))
          for mutation in operation.mutations {
            all = try memory.apply([Operation(operation.kind, [mutation])])[0].get()
          }
          return all
        }
      }
    }
    return memory.apply(
      operations.map { operation in
        var operation = operation
        operation.mutations = operation.mutations.map { mutation in
          switch (fault, mutation) {
          case (.skipsValidation, .put(let contract)): .importRecord(contract, overwrite: true)
          case (.keepsNothingOnImport, .importRecord(let contract, _)):
            .importRecord(contract, overwrite: true)
          default: mutation
          }
        }
        return operation
      })
  }

  func preview(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
    fault == .writesPreviews ? memory.apply(operations) : memory.preview(operations)
  }

  func chainID(ofNetwork network: String) throws(StateError) -> ChainID? {
    fault == .namesNoNetwork ? nil : try memory.chainID(ofNetwork: network)
  }

  func health() -> BackendHealth {
    BackendHealth(problems: fault == .isNeverHealthy ? ["always"] : [])
  }

  func verify() -> VerificationReport { memory.verify() }
}

/// Backends that do one thing otherwise than they must.
@Suite struct FaultyBackendTests {
  @Test(arguments: FaultyBackend.Fault.allCases)
  private func theSuiteFindsTheFault(_ fault: FaultyBackend.Fault) {
    let failed = BackendConformance.Check.allCases.filter { check in
      do {
        // No part of what is looked for, and slow.
        guard check != .volume, check != .parallel else { return false }
        try BackendConformance(
          reopen: { backend in
            FaultyBackend(
              fault,
              memory: fault == .forgetsOnClosing
                ? InMemoryBackend() : (backend as? FaultyBackend)?.memory ?? InMemoryBackend())
          }, make: { FaultyBackend(fault) }
        ).run(check)
        return false
      } catch {
        return true
      }
    }
    #expect(!failed.isEmpty)
    // A suite that fails whatever it is given finds nothing.
    #expect(failed.count < BackendConformance.Check.allCases.count / 2)
  }
}
