import GitState
import GitStateTesting
import SystemPackage
import TestSupport
import Testing

/// The backend of the article `AddingABackend`.
@Suite(.scratchDirectory) struct AddingABackendTests {
  private var path: String { ScratchDirectory.current.path.appending("state.json").string }

  @Test(arguments: BackendConformance.Check.allCases)
  func conforms(check: BackendConformance.Check) throws {
    try BackendConformance(
      reopen: { _ in SingleFileBackend(path: path) }, make: { SingleFileBackend(path: path) }
    ).run(check)
  }

  @Test func isChosenByTheEnvironment() async throws {
    var factory = StateManagerFactory()
    try factory.register("single-file") { settings throws(StateError) in
      _ = try settings.required("path")
      return SingleFileBackend(path: settings.path("path") ?? "")
    }
    let state = try await factory.manager(
      environment: [
        "GITSTATE_BACKEND": "single-file", "GITSTATE_SINGLE_FILE_PATH": "state.json",
      ], directory: ScratchDirectory.current.path.string)
    let contract = Contract(
      name: "Token", chainID: 56, networkName: "bscmainnet",
      address: "0x1111111111111111111111111111111111111111", timestamp: 1)
    try await state.put(contract)
    #expect(try await state.contract(contract.key) == contract)
    #expect(exists(FilePath(path)))
    await state.close()
  }

  /// The article's code is the file that is compiled here.
  @Test func theArticleShowsTheCodeThatIsTested() throws {
    let tests = FilePath(#filePath).removingLastComponent()
    let code = String(
      decoding: try readFile(tests.appending("SingleFileBackend.swift")), as: UTF8.self)
    let article = String(
      decoding: try readFile(
        tests.appending("../../../Sources/GitState/GitState.docc/AddingABackend.md")),
      as: UTF8.self)
    #expect(article.contains("```swift\n\(code)```\n"))
  }
}
