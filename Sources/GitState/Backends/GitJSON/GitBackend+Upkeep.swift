import Git
import Glibc
import Synchronization

extension GitBackend {
  /// What ``GitBackend/optimize(isFull:)`` did.
  public struct OptimizeReport: Sendable {
    /// How many objects the new pack has; 0 where there was nothing to do.
    public var packed: Int
    /// How many loose objects went into it.
    public var loose: Int
    /// How many packs went into it.
    public var packs: Int
  }

  /// Packs the repository's objects, so that it stays small and quick.
  ///
  /// Objects only move: none is removed that a pack on disk does not have, so that it is safe beside
  /// other programs, whatever they are about to name. (`git gc` also removes what nothing names.)
  ///
  /// Where somebody packs already (any program does so by itself after many writes), the full form waits
  /// for that, at most ``GitBackendOptions/lockTimeout``.
  ///
  /// - Parameter isFull: Whether to make one pack of all, or one of the loose objects only.
  /// - Returns: What was done.
  /// - Throws: `LOCK_TIMEOUT` with the name of the process that packs already.
  public func optimize(isFull: Bool = true) throws(StateError) -> OptimizeReport {
    try FileSystem.makeFolder(location.privateDirectory, mode: 0o700)
    // Upkeep by itself has nothing to wait for: whoever packs now does the same.
    let lock = try WriterLock(
      location.privateDirectory + "/optimize.lock",
      until: .now + (isFull ? options.lockTimeout : .zero),
      refusal: "nothing was packed: another gitstate packs this repository")
    do throws(StateError) {
      let report = try packObjects(isFull: isFull)
      lock.unlock()
      return report
    } catch {
      lock.unlock()
      throw error
    }
  }

  private func packObjects(isFull: Bool) throws(StateError) -> OptimizeReport {
    try convertingGitErrors(.writeFailed, "the objects could not be packed; none is lost") {
      let repository = try Repository(opening: location.repository)
      let report = try repository.pack(
        in: location.privateDirectory + "/packing", isFull: isFull)
      return OptimizeReport(
        packed: report.packed, loose: report.removedLoose, packs: report.removedPacks)
    }
  }

  /// Whether there are so many loose objects or packs that they should be packed.
  ///
  /// - Returns: Whether there are more than about 6,700, or more than 50 packs, as `git gc --auto` counts
  ///   them.
  /// - Throws: `BACKEND_UNAVAILABLE` where they cannot be counted.
  public func needsOptimizing() throws(StateError) -> Bool {
    try read { reader throws(StateError) in
      try convertingGitErrors(.backendUnavailable, "the objects could not be counted") {
        try reader.repository.needsPacking()
      }
    }
  }
}

/// How a repository's objects are packed once writes have left many loose ones.
public enum Upkeep: Sendable {
  /// By a thread of this process, as far as other work leaves processors idle. It ends with the process; what it
  /// has begun is begun again then.
  case background
  /// By a process of its own: this program with the arguments `-C FOLDER optimize --auto --quiet`.
  case program(String)
  /// Not at all.
  case none

  private static let chosen = Mutex(Upkeep.background)
  private static let isAtWork = Mutex(false)

  /// What holds for this process.
  ///
  /// Set it before the first write.
  public static var current: Upkeep {
    get { chosen.withLock { $0 } }
    set { chosen.withLock { $0 = newValue } }
  }

  /// Packs, beside whatever goes on.
  ///
  /// Nobody waits for it, and a write that was answered does not fail of it: where it fails, the next
  /// write tries again, and `gitstate optimize` tells why.
  func start(_ options: GitBackendOptions, _ folder: String) {
    switch self {
    case .none: return
    case .background:
      let isFirst = Self.isAtWork.withLock { isAtWork in
        defer { isAtWork = true }
        return !isAtWork
      }
      guard isFirst else { return }
      do {
        // Beside writes that come one after the other it would take what they need.
        try DetachedThread.start(yields: true) {
          defer { Self.isAtWork.withLock { $0 = false } }
          do {
            _ = try GitBackend(options).optimize(isFull: false)
          } catch {
            // Nobody waits for it; see above.
            return
          }
        }
      } catch {
        Self.isAtWork.withLock { $0 = false }
      }
    case .program(let path):
      Self.spawn([path, "-C", folder, "optimize", "--auto", "--quiet"])
    }
  }

  /// Starts a program in a session of its own, with nothing to read and nowhere to write.
  private static func spawn(_ arguments: [String]) {
    var attributes = posix_spawnattr_t()
    var actions = posix_spawn_file_actions_t()
    guard posix_spawnattr_init(&attributes) == 0, posix_spawn_file_actions_init(&actions) == 0
    else { return }
    defer {
      posix_spawnattr_destroy(&attributes)
      posix_spawn_file_actions_destroy(&actions)
    }
    // POSIX_SPAWN_SETSID, which Swift does not see.
    posix_spawnattr_setflags(&attributes, 0x80)
    for descriptor in Int32(0)...2 {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
    }
    // Without its environment the program could not find the user's configuration.
    guard let environment = try? FileSystem.read("/proc/self/environ") else { return }
    var pointers = arguments.map { strdup($0) } + [nil]
    var variables =
      environment.split(separator: 0).map { strdup(String(decoding: $0, as: UTF8.self)) } + [nil]
    defer { for pointer in pointers + variables { free(pointer) } }
    var process = pid_t()
    posix_spawn(&process, arguments[0], &actions, &attributes, &pointers, &variables)
  }
}
