/// What an acknowledged write survives.
public enum Durability: Sendable, Hashable {
  /// A power cut: the write-ahead log is synced to the disk before the call returns.
  case synced
  /// The end of this process, but not a power cut or a crash of the machine.
  case unsynced
}
