import Git
import Glibc
import LosslessJSON

/// Which version of each working file was last in step with the branch, noted for this worktree.
///
/// Edits by hand are told from files that are merely behind by comparing with it.
struct InStepNotes {
  /// One file's note.
  struct Note: Hashable {
    /// The commit that the file was in step with.
    var commit: ObjectID
    /// The file's blob in that commit; zero where there was no such file.
    var blob: ObjectID
    /// Whether later writes of ours left the working file alone.
    var isLeftBehind = false
    /// The last commit of ours that wrote the file, where that left the working file alone.
    var recorded: ObjectID?

    /// The note of a file that a write has left alone, since it was changed meanwhile.
    ///
    /// - Parameters:
    ///   - commit: Where the branch was before the write.
    ///   - blob: What the file held then; nil where it was not there.
    ///   - recorded: The commit that the write made.
    /// - Returns: The note, by which the change is told from what the write did.
    static func leftBehind(of commit: ObjectID, _ blob: ObjectID?, recorded: ObjectID) -> Note {
      Note(commit: commit, blob: blob ?? .zero, isLeftBehind: true, recorded: recorded)
    }

    /// Whether an edit is told from what the branch has as by another note.
    func hasSameBase(as other: Note?) -> Bool {
      commit == other?.commit && blob == other?.blob && isLeftBehind == other?.isLeftBehind
    }
  }

  private let path: String
  private var notes: [FileName: Note]
  private var isChanged = false
  /// Whether a note has changed without which an edit would be taken for more than it is.
  private(set) var isToLast = false

  /// Reads the notes; where there are none yet, there are none.
  init(_ location: StateLocation) throws(StateError) {
    try self.init(worktreeDirectory: location.worktreeDirectory)
  }

  /// Reads the notes of a worktree.
  init(worktreeDirectory: String) throws(StateError) {
    path = worktreeDirectory + "/in-step.json"
    notes = [:]
    guard let content = try FileSystem.read(path) else { return }
    // Notes that cannot be read are as good as none: then the index tells what was checked out.
    guard let root = (try? JSONValue(parsing: content))?.object else { return }
    // What else a write's intent says has no commit and blob.
    for (file, note) in root {
      guard let commit = note.object?["commit"]?.string.flatMap({ ObjectID(hex: $0) }),
        let blob = note.object?["blob"]?.string.flatMap({ ObjectID(hex: $0) })
      else { continue }
      notes[FileName(file)] = Note(
        commit: commit, blob: blob, isLeftBehind: note.object?["leftBehind"]?.bool ?? false,
        recorded: note.object?["recorded"]?.string.flatMap { ObjectID(hex: $0) })
    }
  }

  /// The note of a file, by its path from the repository's root.
  subscript(file: String) -> Note? {
    get { notes[FileName(file)] }
    set {
      if self[file] != newValue {
        isChanged = true
        if let newValue, newValue.isLeftBehind, !newValue.hasSameBase(as: self[file]) {
          isToLast = true
        }
      }
      notes[FileName(file)] = newValue
    }
  }

  /// All notes, by the files' paths.
  var files: [(path: String, note: Note)] {
    notes.sorted { $0.key < $1.key }.map { ($0.key.text, $0.value) }
  }

  /// The notes as JSON, by the files' paths.
  var json: JSONObject {
    var root = JSONObject()
    for (file, note) in notes.sorted(by: { $0.key < $1.key }) {
      var member: JSONObject = ["commit": .string(note.commit.hex), "blob": .string(note.blob.hex)]
      if note.isLeftBehind { member["leftBehind"] = true }
      if let recorded = note.recorded { member["recorded"] = .string(recorded.hex) }
      root[file.text] = .object(member)
    }
    return root
  }

  /// Writes the notes where they have changed.
  mutating func save() throws(StateError) {
    guard isChanged else { return }
    try FileSystem.makeFolder(FileSystem.split(path).folder, mode: 0o700)
    // What is not synced costs a comparison with the index where it is lost, never a record.
    try FileSystem.replace(
      path, with: JSONValue.object(json).serialized(), mode: 0o600, isDurable: isToLast)
    (isChanged, isToLast) = (false, false)
  }

  /// Puts a file in the notes' place that says the same among other things (``WriteIntent/inStep``).
  ///
  /// One rename, so that nobody sees the one without the other.
  func take(_ other: String) throws(StateError) {
    if rename(other, path) == 0 { return }
    // The folder may be missing, or on another disk.
    var notes = self
    notes.isChanged = true
    try notes.save()
    try FileSystem.remove(other)
  }
}
