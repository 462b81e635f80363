import Git
import GitState
import SystemPackage
import TestSupport
import Testing

/// Files whose names git tells apart though Swift's `String` does not, or cannot.
@Suite(.scratchDirectory) struct FileNameTests {
  private static let composed = "caf\u{E9}"
  private static let decomposed = "cafe\u{301}"

  /// A project with two networks whose files are told apart by their bytes alone.
  private func project() async throws -> Project {
    let project = try await Project()
    for (chain, name) in [("1", Self.composed), ("2", Self.decomposed)] {
      try project.write(
        "deployments/\(name).json",
        """
        {
          "network": "net\(chain)",
          "chainId": \(chain),
          "contracts": {
            "A": {
              "proxy": "\(Project.address(Character(chain)))",
              "implementation": "\(Project.address(Character(chain)))",
              "timestamp": 1
            }
          }
        }
        """)
    }
    try await project.git("add", ".")
    try await project.git("commit", "-qm", "base")
    return project
  }

  @Test func namesThatLookAlikeAreTwoFiles() async throws {
    let project = try await project()
    #expect(try project.backend.contract(ContractKey(1, "A"))?.address == Project.address("1"))
    #expect(try project.backend.contract(ContractKey(2, "A"))?.address == Project.address("2"))
    try project.put("B", "3", chain: 1, network: "net1")
    #expect(try project.names() == ["A", "B", "A"])
    #expect(try project.read("deployments/\(Self.composed).json").contains("\"B\""))
    #expect(try !project.read("deployments/\(Self.decomposed).json").contains("\"B\""))
    try await project.expectSound()
  }

  @Test func eachIsAdoptedWithItsOwnEdits() async throws {
    let project = try await project()
    for name in [Self.composed, Self.decomposed] {
      try project.edit("deployments/\(name).json", #""timestamp": 1"#, #""timestamp": 7"#)
    }
    try project.put("B", "3", chain: 1, network: "net1")
    #expect(try project.backend.contract(ContractKey(1, "A"))?.timestamp == 7)
    #expect(try project.backend.contract(ContractKey(2, "A"))?.timestamp == 1)
    try project.put("B", "3", chain: 2, network: "net2")
    #expect(try project.backend.contract(ContractKey(2, "A"))?.timestamp == 7)
    try await project.expectSound()
  }

  /// What is in a file that cannot be named may be any chain's.
  @Test func aNameThatIsNoTextProvesNothingAbsent() async throws {
    let project = try await Project()
    try project.put("A", "1")
    let file = #"{"network":"x","chainId":5,"contracts":{}}"#
    let blob = try await runProgram(
      "git", ["hash-object", "-w", "--stdin"], in: project.path, input: Array(file.utf8)
    ).line
    let known = try await project.git("rev-parse", "HEAD:deployments/bscmainnet.json")
    // Two names that would be one if what is no text were replaced.
    let listing: [[UInt8]] = [
      Array("100644 blob \(known)\tbscmainnet.json\0".utf8),
      Array("100644 blob \(blob)\t".utf8) + [0xFE] + Array(".json\0".utf8),
      Array("100644 blob \(blob)\t".utf8) + [0xFF] + Array(".json\0".utf8),
    ]
    let folder = try await runProgram(
      "git", ["mktree", "-z"], in: project.path, input: listing.flatMap { $0 }
    ).line
    let root = try await runProgram(
      "git", ["mktree"], in: project.path, input: Array("040000 tree \(folder)\tdeployments\n".utf8)
    ).line
    let commit = try await project.git("commit-tree", "-p", "HEAD", "-m", "names", root)
    try await project.git("reset", "-q", "--soft", commit)

    let backend = try Project(opening: project.path).backend
    #expect(try backend.contract(ContractKey(56, "A"))?.address == Project.address("1"))
    let error = #expect(throws: StateError.self) { try backend.contract(ContractKey(5, "X")) }
    #expect(error?.code == .backendUnavailable)
    #expect(error?.message.contains(#"deployments/\xFE.json"#) == true, "\(error?.message ?? "")")
    #expect(try backend.verify().errors.count == 2)
  }
}
