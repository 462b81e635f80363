public import SystemPackage

/// How a file is locked.
public enum FileLockKind: String, Sendable {
  /// `fcntl` with `F_SETLK`, as LevelDB locks its file LOCK.
  case record
  /// `flock`.
  case flock
}

/// Runs a body while another process holds a lock on a file.
///
/// - Parameters:
///   - file: The file, which must exist.
///   - kind: How it is locked.
///   - body: Gets the other process's number.
/// - Throws: What the body throws, or where the lock could not be had.
public func withFileLocked(
  _ file: FilePath, _ kind: FileLockKind = .record,
  _ body: @Sendable (_ process: Int) async throws -> Void
) async throws {
  let scratch = ScratchDirectory.current.path
  let held = scratch.appending("held")
  let release = scratch.appending("release")
  // Another lock of the same test may have left them.
  for signal in [held, release] where exists(signal) { try removeFile(signal) }
  // struct flock of 64-bit Linux: two shorts, padding, two offsets, the process.
  let script = """
    use Fcntl qw(:DEFAULT :flock);
    open(my $file, '+<', $ARGV[0]) or die "open: $!";
    if ($ARGV[3] eq 'flock') {
      flock($file, LOCK_EX | LOCK_NB) or die "flock: $!";
    } else {
      my $lock = pack('s s x4 q q l x4', F_WRLCK, 0, 0, 0, 0);
      fcntl($file, F_SETLK, $lock) or die "fcntl: $!";
    }
    open(my $held, '>', "$ARGV[1].new") or die "held: $!";
    print $held $$;
    close($held);
    rename("$ARGV[1].new", $ARGV[1]);
    for (1 .. 15000) { last if -e $ARGV[2]; select(undef, undef, undef, 0.02); }
    """
  async let holder = runProgram(
    "perl", ["-e", script, file.string, held.string, release.string, kind.rawValue], in: scratch)
  for _ in 0..<6000 where !exists(held) { try await Task.sleep(for: .milliseconds(10)) }
  let result: Result<Void, any Error>
  do {
    guard let process = Int(String(decoding: try readFile(held), as: UTF8.self)) else {
      throw TestFailure("the other process has not told its number")
    }
    result = .success(try await body(process))
  } catch {
    result = .failure(error)
  }
  try writeFile(release, "")
  let ended = try await holder
  guard ended.status == 0 else { throw TestFailure("perl: \(ended.errors)") }
  try result.get()
}

/// Something that a test relies on is not so.
public struct TestFailure: Error, CustomStringConvertible {
  /// What is not so.
  public let description: String

  /// Makes a failure.
  public init(_ description: String) { self.description = description }
}
