// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "GitState", path: "..")],
  targets: [
    .target(
      name: "CPeers", linkerSettings: [.linkedLibrary("git2"), .linkedLibrary("leveldb")]),
    .executableTarget(
      name: "gitstate-bench",
      dependencies: [
        "CPeers", .product(name: "GitState", package: "GitState"),
        .product(name: "LosslessJSON", package: "GitState"),
      ],
      swiftSettings: settings),
  ]
)
