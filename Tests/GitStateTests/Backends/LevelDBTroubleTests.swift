import Dispatch
import GitState
import LosslessJSON
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Several threads on a LevelDB folder whose disk is full, or may only be read.
@Suite(.scratchDirectory, .enabled(if: mayMount, "only root can mount a tiny disk"))
struct LevelDBTroubleTests {
  private func contract(_ number: Int, arguments: Int = 0) -> Contract {
    Contract(
      name: "Token\(number)", chainID: 56, networkName: "bscmainnet",
      address: "0x1111111111111111111111111111111111111111",
      deploymentArgs: [.string(String(repeating: "x", count: arguments))], timestamp: 1)
  }

  private func put(_ contract: Contract, _ backend: LevelDBBackend) -> StateError? {
    guard case .failure(let error) = backend.apply([Operation(.put, [.put(contract)])])[0] else {
      return nil
    }
    return error
  }

  private final class Notes: Sendable {
    let lines = Mutex<[String]>([])
    let refusals = Mutex(0)
  }

  /// Does something on each of several threads, and returns what failed.
  private func failures(
    _ threads: Int, _ body: @escaping @Sendable (Int) throws -> Void
  ) async -> [String] {
    let notes = Notes()
    let tasks = (0..<threads).map { thread in
      Task {
        await withCheckedContinuation { continuation in
          DispatchQueue(label: "test").async {
            do {
              try body(thread)
            } catch {
              notes.lines.withLock { $0.append("\(thread): \(error)") }
            }
            continuation.resume()
          }
        }
      }
    }
    for task in tasks { await task.value }
    return notes.lines.withLock { $0 }
  }

  @Test func manyReadAFolderThatMayOnlyBeRead() async throws {
    try await withTinyDisk(4000) { disk in
      let path = disk.appending("db").string
      let first = try LevelDBBackend(path: path, createsIfMissing: true)
      for number in 0..<100 { #expect(put(contract(number), first) == nil) }
      first.close()
      let remounted = try await runProgram(
        "mount", ["-o", "remount,ro", disk.string], in: disk)
      try #require(remounted.status == 0, "\(remounted.errors)")
      let backend = try LevelDBBackend(path: path)
      let failed = await failures(8) { thread in
        for _ in 0..<5 {
          if thread == 0 {
            let error = put(contract(1, arguments: 5), backend)
            try #require(error?.code == .writeFailed)
          } else {
            try #require(try backend.contracts(matching: ContractQuery()).count == 100)
          }
        }
      }
      #expect(failed == [])
      backend.close()
    }
  }

  @Test func readsGoOnBesideWritesThatFail() async throws {
    try await withTinyDisk(8000) { disk in
      let path = disk.appending("db").string
      let backend = try LevelDBBackend(path: path, createsIfMissing: true)
      let all = (0..<2000).map { contract($0) }
      for result in backend.apply([Operation(.transaction, all.map { .put($0) })]) {
        _ = try result.get()
      }
      let fill = try await runProgram(
        "sh", ["-c", "cat /dev/zero > fill 2>/dev/null; truncate -s -64K fill"], in: disk)
      #expect(fill.status == 0, "\(fill.errors)")
      let notes = Notes()
      let failed = await failures(4) { thread in
        for round in 0..<10 {
          if thread == 0 {
            guard let error = put(contract(5000 + round, arguments: 100_000), backend) else {
              continue
            }
            try #require(error.code == .writeFailed)
            notes.refusals.withLock { $0 += 1 }
          } else {
            try #require(try backend.contracts(matching: ContractQuery()).count >= 2000)
          }
        }
      }
      #expect(failed == [])
      #expect(notes.refusals.withLock { $0 } > 0)
      try removeFile(disk.appending("fill"))
      #expect(put(contract(9000, arguments: 100_000), backend) == nil)
      #expect(try backend.contract(contract(9000).key) != nil)
      backend.close()
    }
  }
}
