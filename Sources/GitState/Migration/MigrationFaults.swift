/// The things that a migration does to disks, one of which a test can make fail, or its last.
enum MigrationEffect: String, CaseIterable, Sendable {
  case journal, journalUpdate, journalRemoval, state, openSource, source, git
}

/// What is to go wrong, for tests: each effect asks before it happens and tells once it has.
///
/// A kill is an effect after which, or before which, no other happens any more: ``before`` throws
/// from then on.
struct MigrationFaults: Sendable {
  var before: @Sendable (MigrationEffect) throws(StateError) -> Void
  var after: @Sendable (MigrationEffect) throws(StateError) -> Void

  static func perform<Value>(
    _ faults: MigrationFaults?, _ effect: MigrationEffect,
    _ body: () throws(StateError) -> Value
  ) throws(StateError) -> Value {
    try faults?.before(effect)
    let value = try body()
    try faults?.after(effect)
    return value
  }
}
