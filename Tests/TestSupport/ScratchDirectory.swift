import Foundation
public import SystemPackage
public import Testing

/// A folder of a test's own, made before the test and removed after it.
///
/// Mark a test or a suite with `.scratchDirectory` and read the folder from
/// ``ScratchDirectory/current``. Each test (each case of a parameterised one) has its own.
public struct ScratchDirectory: Sendable {
  /// The folder, without a symbolic link on its way.
  public let path: FilePath

  @TaskLocal private static var running: ScratchDirectory?

  /// The folder of the test that runs now.
  public static var current: ScratchDirectory {
    guard let running else { preconditionFailure("the test lacks the trait .scratchDirectory") }
    return running
  }

  /// The folder of the test that runs now, if it has one.
  static var optionalCurrent: ScratchDirectory? { running }

  /// Makes a folder below `TMPDIR`, runs the body and removes the folder.
  public static func withNew(_ body: () async throws -> Void) async throws {
    ProcessEnvironment.isIsolated
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/gitstate-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil, let real = realpath(template, nil) else {
      throw Errno(rawValue: errno)
    }
    defer { free(real) }
    let scratch = ScratchDirectory(path: FilePath(platformString: real))
    defer { try? FileManager.default.removeItem(atPath: scratch.path.string) }
    try await $running.withValue(scratch) { try await body() }
  }
}

/// The trait behind `.scratchDirectory`.
public struct ScratchDirectoryTrait: TestTrait, SuiteTrait, TestScoping {
  /// A suite gives the trait to its tests.
  public var isRecursive: Bool { true }

  /// Each test case has a folder; a suite as such has none.
  public func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? {
    testCase == nil ? nil : self
  }

  /// Runs the test with a folder of its own.
  public func provideScope(
    for test: Test, testCase: Test.Case?,
    performing body: @concurrent @Sendable () async throws -> Void
  ) async throws {
    try await ScratchDirectory.withNew { try await body() }
  }
}

extension Trait where Self == ScratchDirectoryTrait {
  /// Gives each test a folder of its own, ``ScratchDirectory/current``.
  public static var scratchDirectory: Self { Self() }
}
