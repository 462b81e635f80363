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
    /// Why the file is not the merge of all three; nil where it is.
    public var problem: String?
    /// The side that cannot be read; nil where both can.
    public var unreadableSide: MergeResolution.Side?
  }

  /// Merges three versions of a file by contract and field.
  ///
  /// Where one side cannot be read, the file is just the other side's, and the problem says so: a
  /// merge by lines would make a file that nobody can read.
  ///
  /// - Parameters:
  ///   - path: The file's path, for its name.
  ///   - base: What both sides started from; empty where there was no file.
  ///   - ours: Our side.
  ///   - theirs: The other side.
  ///   - resolution: Which side is right in a conflict.
  ///   - isOfAncestors: Whether the result is what a merge starts from where lines crossed: then a
  ///     conflict is settled by what was there before both sides.
  /// - Returns: The merged file; nil where neither side is a deployment file that can be read, so
  ///   that lines are all that can be compared.
  /// - Throws: `SERIALIZATION_FAILED` where an entry that takes part cannot be read.
  public static func merge(
    path: String, base: [UInt8], ours: [UInt8], theirs: [UInt8],
    resolution: MergeResolution = MergeResolution(), isOfAncestors: Bool = false
  ) throws(StateError) -> Merged? {
    let resolution = isOfAncestors ? .ancestors : resolution
    return try merge(
      path: path, base: base.isEmpty ? nil : base, ours: ours, theirs: theirs, resolution)
  }

  /// Merges three versions, of which any may be absent.
  static func merge(
    path: String, base: [UInt8]?, ours: [UInt8]?, theirs: [UInt8]?, _ resolution: MergeResolution
  ) throws(StateError) -> Merged? {
    let start = base.map { version($0, path) }
    let sides = (ours.map { version($0, path) }, theirs.map { version($0, path) })
    switch sides {
    case (.deployment?, .deployment?), (.deployment?, nil), (nil, .deployment?):
      let (mine, other) = (sides.0?.deployment, sides.1?.deployment)
      var present = mine
      if present == nil, let other {
        present = try DeploymentFile.new(
          name: other.name, network: other.network, chainID: other.chainID)
      }
      guard let present else { return nil }
      var conflicts: [MergeConflict] = []
      let merged = try DeploymentFile.merging(
        base: start?.deployment, ours: present, theirs: other, resolution: resolution,
        conflicts: &conflicts)
      let problem = start?.problem.map {
        "\(path.escapingUnprintable): the version that both sides started from cannot be read (\($0)), "
          + "so what one side removed since cannot be told; look at the file before it is committed"
      }
      return Merged(bytes: merged.bytes, conflicts: conflicts, problem: problem)
    case (.deployment(let file)?, let other?):
      return unreadable(.theirs, kept: .ours, file, other, path)
    case (let other?, .deployment(let file)?):
      return unreadable(.ours, kept: .theirs, file, other, path)
    default: return nil
    }
  }

  /// Why a file that may be a network's is merged by lines; nil where it is none on either side.
  ///
  /// - Parameters:
  ///   - path: The file's path, for its name.
  ///   - ours: Our side.
  ///   - theirs: The other side.
  /// - Returns: A sentence for people.
  public static func reasonForLines(path: String, ours: [UInt8], theirs: [UInt8]) -> String? {
    let problems = [("ours", ours), ("theirs", theirs)].compactMap { side, bytes -> String? in
      guard case .broken(let error) = version(bytes, path) else { return nil }
      return "\(side): \(error.message)"
    }
    guard !problems.isEmpty else { return nil }
    return "\(path.escapingUnprintable): neither side can be read as a network's file "
      + "(\(problems.joined(separator: "; "))), so git merges it by lines, and it may not parse afterwards; "
      + "mend it and say: git add \(path.escapingUnprintable)"
  }

  private static func unreadable(
    _ side: MergeResolution.Side, kept: MergeResolution.Side, _ file: DeploymentFile,
    _ other: FileContent, _ path: String
  ) -> Merged {
    Merged(
      bytes: file.bytes, conflicts: [],
      problem:
        "\(path.escapingUnprintable): \(side.rawValue) cannot be read (\(other.problem ?? "")), so "
        + "the file is as \(kept.rawValue) has it; keep it with gitstate conflicts --resolve "
        + "\(kept.rawValue), or mend it by hand and say: git add \(path.escapingUnprintable)",
      unreadableSide: side)
  }

  private static func version(_ bytes: [UInt8], _ path: String) -> FileContent {
    let name = FileSystem.split(path).name
    guard bytes.count <= DeploymentFile.maximumSize else {
      return .broken(
        StateError(
          .backendUnavailable, "\(name) is larger than \(DeploymentFile.maximumSize >> 20) MB"))
    }
    return DeploymentFile.parse(name: name, bytes: bytes)
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

extension FileContent {
  /// The network's file, where it is one.
  fileprivate var deployment: DeploymentFile? {
    if case .deployment(let file) = self { file } else { nil }
  }

  /// Why it is no network's file; nil where it is one.
  fileprivate var problem: String? {
    switch self {
    case .deployment: nil
    case .foreign: "it has no chainId or no contracts"
    case .broken(let error): error.message
    }
  }
}
