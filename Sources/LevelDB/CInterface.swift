import CLevelDB
import Glibc

/// Makes one call of LevelDB's C interface and throws what it reports.
///
/// Every call with an `errptr` goes through here. On failure LevelDB leaves a `malloc`ed,
/// NUL-terminated text, freed with `leveldb_free`; on success the pointer stays NULL.
func check<Result>(
  _ location: Location, _ call: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) throws(LevelDBError) -> Result {
  var text: UnsafeMutablePointer<CChar>?
  let result = call(&text)
  guard let text else { return result }
  defer { leveldb_free(text) }
  throw LevelDBError(statusText: String(cString: text), at: location)
}

/// The text of an error number, `strerror(3)`.
func systemMessage(_ number: Int32) -> String {
  guard let text = strerror(number) else { return "error \(number)" }
  return String(cString: text)
}

extension [UInt8] {
  /// Lends the bytes to C as `const char *` and a length.
  ///
  /// The pointer is never NULL, as `leveldb/c.h` demands, not even for an empty array.
  func withCharacters<Result>(_ body: (UnsafePointer<CChar>, Int) -> Result) -> Result {
    withUnsafeBytes { bytes in
      if let start = bytes.bindMemory(to: CChar.self).baseAddress, !bytes.isEmpty {
        return body(start, bytes.count)
      }
      return withUnsafePointer(to: 0) { body($0, 0) }
    }
  }

  /// Copies bytes that LevelDB owns.
  init(copying start: UnsafePointer<CChar>, count: Int) {
    self.init(UnsafeRawBufferPointer(start: start, count: count))
  }
}
