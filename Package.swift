// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "GitState",
  products: [
    .library(name: "GitState", targets: ["GitState"]),
    .library(name: "GitStateTesting", targets: ["GitStateTesting"]),
    .library(name: "LosslessJSON", targets: ["LosslessJSON"]),
    .executable(name: "gitstate", targets: ["gitstate"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.11.0"),
    // Without traits: its JSON needs Foundation, which would double the time to start.
    .package(
      url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(
      url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    .systemLibrary(
      name: "CGit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
    .systemLibrary(
      name: "CLevelDB", providers: [.apt(["libleveldb-dev"])]),
    // libgit2-dev brings it along with libssh2-1-dev.
    .systemLibrary(
      name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

    .target(name: "LosslessJSON", swiftSettings: settings),
    .target(name: "CGit2Start", dependencies: ["CGit2"]),
    .target(name: "Git", dependencies: ["CGit2", "COpenSSL"], swiftSettings: settings),
    .target(name: "LevelDB", dependencies: ["CLevelDB"], swiftSettings: settings),
    .target(
      name: "GitState",
      dependencies: [
        "Git", "LevelDB", "LosslessJSON",
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: settings),
    .target(
      name: "GitStateTesting", dependencies: ["GitState", "LosslessJSON"],
      swiftSettings: settings),
    .executableTarget(
      name: "gitstate",
      dependencies: [
        "CGit2Start", "Git", "GitState", "LosslessJSON",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),

    .target(
      name: "TestSupport",
      dependencies: [
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Tests/TestSupport", swiftSettings: settings),
    .testTarget(
      name: "LosslessJSONTests", dependencies: ["LosslessJSON", "TestSupport"],
      swiftSettings: settings),
    .testTarget(name: "GitTests", dependencies: ["Git", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "GitStateTests",
      dependencies: [
        "GitState", "GitStateTesting", "Git", "LevelDB", "LosslessJSON", "TestSupport",
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "MetricsTestKit", package: "swift-metrics"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "CommandLineTests",
      dependencies: ["gitstate", "LevelDB", "LosslessJSON", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "LevelDBTests", dependencies: ["LevelDB", "TestSupport"], swiftSettings: settings),
  ]
)

// `make fuzz`: libFuzzer needs a build of its own.
if Context.environment["GITSTATE_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "gitstate-fuzz", dependencies: ["GitState", "LevelDB", "LosslessJSON"],
      path: "Fuzzing",
      swiftSettings: settings + [
        .enableExperimentalFeature("Extern"), .unsafeFlags(["-parse-as-library"]),
      ],
      linkerSettings: [.unsafeFlags(["-use-ld=lld"])]))
}
