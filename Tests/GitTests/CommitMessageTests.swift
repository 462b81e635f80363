import Git
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct CommitMessageTests {
  static let messages = [
    "Subject\n",
    "Subject\n\nKey: value\n",
    "Key: value\n",
    "Subject\n\nBody text.\n\nGitState-Operation: put\nGitState-Contract: 56-A\n",
    "Subject\n\nBody text.\nKey: value\n",
    "Subject\n\nNo trailer here\nSigned-off-by: A <a@b>\nKey: value\n",
    "Subject\n\none\ntwo\nthree\nfour\nSigned-off-by: A <a@b>\n",
    "Subject\n\nKey: a long\n  value goes on\nOther: x\n",
    "Subject\n\nFixes #7\n\nKey: value\n\n\n",
    "Subject\n\nsee https://example.org/x\n",
    "Subject\n\nA key with spaces: value\n",
    "Subject\n\nReverts: one\n(cherry picked from commit 1234567)\n",
    "Subject\n\nfirst: 1\n\nsecond: 2\n",
    "Subject\nstill subject\n\nEmpty:\nColon: a: b\n",
    "Subject\r\n\r\nKey: value\r\n",
  ]

  @Test(arguments: messages) func partsAreGits(message: String) async throws {
    let path = try await newRepository()
    let repository = try open(path)
    let tree = try repository.writeTree(nil, replacing: [])
    let id = try repository.writeCommit(
      tree: tree, parents: [], author: ada, committer: ada, message: message)
    let commit = try repository.commit(id)
    #expect(commit.message == message)
    let subject = try await git("log", "-1", "--format=%s", id.hex, in: path)
    #expect(commit.subject == subject.replacing("\r", with: ""))
    let trailers = try await git(
      "log", "-1", "--format=%(trailers:only,unfold)", id.hex, in: path)
    let expected = trailers.split(whereSeparator: \.isNewline).map(String.init)
    let found = commit.trailers.map { "\($0.key): \($0.value)" }
    #expect(found.map(\.trimmingSpaces) == expected.map(\.trimmingSpaces))
    let body = try await git("log", "-1", "--format=%b", id.hex, in: path)
    #expect(
      commit.body.split(whereSeparator: \.isNewline) == body.split(whereSeparator: \.isNewline))
  }
}

extension String {
  var trimmingSpaces: String {
    var text = self[...]
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }
}
