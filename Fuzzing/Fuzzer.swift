import Glibc

/// `GITSTATE_FUZZ_TARGET=TARGET gitstate-fuzz [OPTION]... [CORPUS]...`: libFuzzer over one of what reads
/// others' bytes; `gitstate-fuzz --seeds CORPUS [FOLDER]...` makes inputs of LevelDB folders.
@main enum Fuzzer {
  static func main() {
    if CommandLine.arguments.count > 2, CommandLine.arguments[1] == "--seeds" {
      return DatabaseInput.writeSeeds(
        to: CommandLine.arguments[2], of: Array(CommandLine.arguments.dropFirst(3)))
    }
    guard reading != nil else {
      print("GITSTATE_FUZZ_TARGET: \(Reading.allCases.map(\.rawValue).joined(separator: ", "))")
      exit(64)
    }
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments, testOneInput))
  }
}

private let reading = getenv("GITSTATE_FUZZ_TARGET").flatMap {
  Reading(rawValue: String(cString: $0))
}
private let folder = "\(DatabaseInput.scratch)/gitstate-fuzz-\(getpid())"

/// libFuzzer's own loop.
@_extern(c) private func LLVMFuzzerRunDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

private func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  do {
    try (reading ?? .json).check(input, folder: folder)
  } catch {
    preconditionFailure(error.description)
  }
  return 0
}
