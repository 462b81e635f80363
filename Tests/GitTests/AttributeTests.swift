import Git
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct AttributeTests {
  @Test func ignoredIsWhatGitIgnores() async throws {
    let path = try await newRepository()
    try writeFile(path.appending(".gitignore"), "*.log\n/build/\n!keep.log\ndeployments\n")
    try makeFolder(path.appending("deployments"))
    try makeFolder(path.appending("build"))
    let repository = try open(path)
    for name in ["a.log", "keep.log", "build/x", "src/build/x", "deployments/bsc.json", "b.json"] {
      let result = try await runProgram("git", ["check-ignore", "--no-index", name], in: path)
      #expect(try repository.isIgnored(name) == (result.status == 0), "\(name)")
    }
  }

  @Test func attributesAreGits() async throws {
    let path = try await newRepository()
    try writeFile(
      path.appending(".gitattributes"),
      "*.json text eol=crlf -diff filter=lfs\nb.json !filter\n")
    let repository = try open(path)
    #expect(try repository.attribute("text", of: "a.json") == .set)
    #expect(try repository.attribute("diff", of: "a.json") == .unset)
    #expect(try repository.attribute("eol", of: "deployments/a.json") == .value("crlf"))
    #expect(try repository.attribute("filter", of: "a.json") == .value("lfs"))
    #expect(try repository.attribute("filter", of: "b.json") == .unspecified)
    #expect(try repository.attribute("text", of: "a.txt") == .unspecified)
    // A change is seen by the open repository.
    try writeFile(path.appending(".gitattributes"), "*.json -text\n")
    #expect(try repository.attribute("text", of: "a.json") == .unset)
  }

  /// Settings and attributes, and whether they change text with these line ends.
  static let conversions: [(setting: String?, attributes: String)] = [
    (nil, ""), ("core.autocrlf=true", ""), ("core.autocrlf=input", ""),
    (nil, "* text eol=crlf\n"), (nil, "* text=auto\n"), (nil, "* ident\n"), (nil, "* -text\n"),
    ("core.eol=crlf", "* text\n"), ("core.autocrlf=true", "*.json -text\n"),
  ]

  @Test(arguments: conversions.indices, ["a\r\nb\r\n", "a\nb\n", "id $Id: 12$ id\n", "a\0\r\n"])
  func contentIsConvertedAsInGit(index: Int, content: String) async throws {
    let (setting, attributes) = Self.conversions[index]
    let path = try await newRepository()
    try writeFile(path.appending(".gitattributes"), attributes)
    if let setting {
      let parts = setting.split(separator: "=").map(String.init)
      try await git("config", parts[0], parts[1], in: path)
    }
    let file = path.appending("bsc.json")
    try writeFile(file, content)
    let repository = try open(path)
    let stored = try repository.contentAfterCheckin(Array(content.utf8), path: "bsc.json")
    try await git("add", "bsc.json", in: path)
    let blob = try await revision(":bsc.json", in: path)
    #expect(try repository.blob(blob) == stored)

    _ = try await runProgram("rm", [file.string], in: path)
    try await git("checkout", "--", "bsc.json", in: path)
    let checkedOut = try repository.contentAfterCheckout(stored, path: "bsc.json")
    #expect(checkedOut == (try readFile(file)))
  }
}
