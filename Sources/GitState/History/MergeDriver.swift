import LosslessJSON

/// What git asks for where a file of the state is concerned: a merge of three versions, and a text
/// that line by line comparison suits.
public enum MergeDriver {
  /// A merged file.
  public struct Merged: Sendable {
    /// The file, which parses; where there are conflicts, it has our side's values.
    public let bytes: [UInt8]
    /// What excludes each other.
    public let conflicts: [MergeConflict]
  }

  /// Merges three versions of a file by contract and field.
  ///
  /// - Parameters:
  ///   - path: The file's path, for its name.
  ///   - base: What both sides started from; empty where there was no file.
  ///   - ours: Our side.
  ///   - theirs: The other side.
  ///   - resolution: Which side is right in a conflict.
  /// - Returns: The merged file; nil where one of them is no deployment file, so that lines are all
  ///   that can be compared.
  /// - Throws: `SERIALIZATION_FAILED` where an entry that takes part cannot be read.
  public static func merge(
    path: String, base: [UInt8], ours: [UInt8], theirs: [UInt8],
    resolution: MergeResolution = MergeResolution()
  ) throws(StateError) -> Merged? {
    let name = FileSystem.split(path).name
    func file(_ bytes: [UInt8]) -> DeploymentFile? {
      guard bytes.count <= DeploymentFile.maximumSize,
        case .deployment(let file) = DeploymentFile.parse(name: name, bytes: bytes)
      else { return nil }
      return file
    }
    let start = base.isEmpty ? nil : file(base)
    guard base.isEmpty || start != nil, let mine = file(ours), let other = file(theirs) else {
      return nil
    }
    var conflicts: [MergeConflict] = []
    let merged = try DeploymentFile.merging(
      base: start, ours: mine, theirs: other, resolution: resolution, conflicts: &conflicts)
    return Merged(bytes: merged.bytes, conflicts: conflicts)
  }

  /// A file as a text whose order does not depend on the file's: its members, then each contract's
  /// fields on lines of their own.
  ///
  /// - Parameters:
  ///   - name: The file's name.
  ///   - bytes: Its content.
  /// - Returns: The text; nil where the file is no deployment file.
  public static func text(name: String, bytes: [UInt8]) -> String? {
    guard bytes.count <= DeploymentFile.maximumSize,
      case .deployment(let file) = DeploymentFile.parse(name: name, bytes: bytes)
    else { return nil }
    var lines: [String] = []
    let members = (file.document.root.object ?? JSONObject()).sortedByKey()
    for (member, value) in members
    where member != DeploymentFile.Member.contracts && member != DeploymentFile.Member.hashes {
      lines.append("\(member.escapingUnprintable): \(shown(value))")
    }
    for name in file.contractNames.sorted(by: { $0.precedes($1) }) {
      lines += ["", name.escapingUnprintable]
      do throws(StateError) {
        guard let contract = try file.contract(named: name) else { continue }
        for (field, value) in contract.record where !implied.contains(field) {
          lines.append("  \(field.escapingUnprintable): \(shown(value))")
        }
      } catch {
        lines.append("  cannot be read: \(file.contracts[name].map(shown) ?? "")")
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static let implied = [Contract.Field.contractName, Contract.Field.chainID]

  private static func shown(_ value: JSONValue) -> String {
    (value.string ?? value.text(.compact)).escapingUnprintable
  }
}
