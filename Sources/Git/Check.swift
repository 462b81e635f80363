internal import CGit2

/// Turns a libgit2 result below zero into a thrown error, with the message it left behind.
///
/// Every call of a libgit2 function that can fail goes through here, as the argument itself, so
/// that nothing runs between the call and `git_error_last`.
@discardableResult
func check(
  _ status: Int32, _ context: @autoclosure () -> String? = nil
) throws(GitError) -> Int32 {
  guard status < 0 else { return status }
  throw GitError(status: status, context: context())
}

/// A text that C may have: Swift would pass one with a NUL byte in it on as its first part only.
func withoutNUL(_ text: String) throws(GitError) -> String {
  let hasNUL =
    text.utf8.withContiguousStorageIfAvailable { $0.contains(0) } ?? text.utf8.contains(0)
  guard !hasNUL else {
    throw GitError(.invalid, "a text with a NUL character cannot be given to git", context: text)
  }
  return text
}

/// Text from a C string that libgit2 may leave out, with what is not UTF-8 replaced.
func text(_ pointer: UnsafePointer<CChar>?) -> String? {
  pointer.map { String(cString: $0) }
}

/// Bytes that a libgit2 function leaves in a `git_buf`.
func bytes(
  _ context: @autoclosure () -> String? = nil,
  from fill: (UnsafeMutablePointer<git_buf>) -> Int32
) throws(GitError) -> [UInt8] {
  var buffer = git_buf()
  defer { git_buf_dispose(&buffer) }
  try check(fill(&buffer), context())
  guard let start = buffer.ptr else { return [] }
  return Array(UnsafeRawBufferPointer(start: start, count: buffer.size))
}
