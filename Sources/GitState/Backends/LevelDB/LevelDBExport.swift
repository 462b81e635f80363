import LevelDB

/// Writes records as a LevelDB folder that the JavaScript package `level` reads.
public enum LevelDBExport {
  /// Makes a new folder with one pair for each record.
  ///
  /// - Parameters:
  ///   - contracts: The records.
  ///   - path: The folder, which must not exist or be empty.
  /// - Throws: `STATE_WRITE_FAILED` where the folder has something in it or cannot be written.
  public static func write(_ contracts: [Contract], to path: String) throws(StateError) {
    guard try FileSystem.names(in: path).isEmpty else {
      throw StateError(
        .writeFailed,
        "\(path.escapingUnprintable) is not empty; name a new folder for the export", file: path)
    }
    do {
      let database = try Database(path: path, options: .creatingNew)
      // One batch is kept in memory as a whole, so a large state is written in several.
      for start in stride(from: 0, to: contracts.count, by: 10_000) {
        var batch = WriteBatch()
        for contract in contracts[start..<min(start + 10_000, contracts.count)] {
          batch.put(contract.compactJSON, forKey: contract.key.levelDBKey)
        }
        try database.write(batch)
      }
    } catch {
      throw StateError(error, writing: true)
    }
  }
}
