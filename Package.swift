// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// Of the larger part of the tests, whose own code the optimiser took a third of a whole build in
/// release for. The libraries are optimised, and so are the other tests, in which what the libraries
/// let be inlined is compiled as in a program.
let testing: [SwiftSetting] = strict + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

let package = Package(
  name: "baton",
  products: [
    .library(name: "Baton", targets: ["Baton"]),
    .library(name: "BatonMessages", targets: ["BatonMessages"]),
    .library(name: "BatonHealth", targets: ["BatonHealth"]),
    .library(name: "BatonTracing", targets: ["BatonTracing"]),
    .library(name: "BatonServiceLifecycle", targets: ["BatonServiceLifecycle"]),
    .executable(name: "baton", targets: ["BatonCommand"]),
    .executable(name: "protoc-gen-baton", targets: ["protoc-gen-baton"]),
    .plugin(name: "BatonStubs", targets: ["BatonStubs"]),
    .plugin(name: "BatonGenerate", targets: ["BatonGenerate"]),
    .executable(name: "file-broker", targets: ["file-broker"]),
    .executable(name: "baton-benchmarks", targets: ["baton-benchmarks"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // The only target that touches C structures of the kernel or of protobuf-c.
    .target(
      name: "CBaton",
      cSettings: [.define("_GNU_SOURCE"), .treatAllWarnings(as: .error)],
      linkerSettings: [.linkedLibrary("protobuf-c")]),
    .target(
      name: "BatonMessages",
      dependencies: ["CBaton", .product(name: "SystemPackage", package: "swift-system")],
      exclude: ["baton.json"], swiftSettings: strict),
    .target(
      name: "Baton",
      dependencies: [
        "CBaton", "BatonMessages",
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["baton.json"], swiftSettings: strict),
    // A service for any server. Apart, so that its messages' names are in nobody's way.
    .target(
      name: "BatonHealth", dependencies: ["Baton", "BatonMessages"], exclude: ["baton.json"],
      swiftSettings: strict),
    // Interceptors for programs that trace. Apart, so that others need not build a tracer's API.
    .target(
      name: "BatonTracing",
      dependencies: [
        "Baton", .product(name: "Tracing", package: "swift-distributed-tracing"),
      ],
      swiftSettings: strict),
    // Servers and connections in a ServiceGroup. Apart, so that others need not build it.
    .target(
      name: "BatonServiceLifecycle",
      dependencies: [
        "Baton", .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "protoc-gen-baton",
      dependencies: ["BatonMessages", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: strict),
    // Runs protoc for the plugins.
    .executableTarget(name: "baton-protoc", swiftSettings: strict),
    .plugin(
      name: "BatonStubs", capability: .buildTool(),
      dependencies: ["protoc-gen-baton", "baton-protoc"]),
    .plugin(
      name: "BatonGenerate",
      capability: .command(
        intent: .custom(
          verb: "baton-generate", description: "Write Swift code from schemas into targets"),
        permissions: [
          .writeToPackageDirectory(reason: "It writes the Swift code of the targets' schemas.")
        ]),
      dependencies: ["protoc-gen-baton", "baton-protoc"]),
    .executableTarget(
      name: "BatonCommand",
      dependencies: [
        "Baton", "BatonMessages",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "file-broker",
      dependencies: [
        "Baton", "BatonMessages", "BatonHealth",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["baton.json"], swiftSettings: strict, plugins: ["BatonStubs"]),
    // Raw C over the same kind of socket: what the benchmarks compare with.
    .target(
      name: "CBenchmark", cSettings: [.define("_GNU_SOURCE"), .treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "baton-benchmarks",
      dependencies: [
        "Baton", "BatonMessages", "BatonTracing", "CBenchmark",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Tracing", package: "swift-distributed-tracing"),
      ],
      exclude: ["baton.json"],
      // As programs are written that want the most of it: what waits runs where its caller does.
      swiftSettings: strict + [.enableUpcomingFeature("NonisolatedNonsendingByDefault")],
      plugins: ["BatonStubs"]),
    // Kernel objects that tests pass around and that Swift cannot make.
    .target(
      name: "CKernelObjects", path: "Tests/CKernelObjects",
      cSettings: [.define("_GNU_SOURCE"), .treatAllWarnings(as: .error)]),
    // Programs that tests start.
    .target(
      name: "Programs", dependencies: ["CKernelObjects"], path: "Tests/Programs",
      swiftSettings: strict),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "BatonCommand", "Baton", "BatonMessages", "Programs", "file-broker",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["baton.json", "shelf.proto"], swiftSettings: testing, plugins: ["BatonStubs"]),
    .testTarget(
      name: "ReadmeTests",
      dependencies: [
        "Baton", "BatonMessages", .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["baton.json", "notes.proto"], swiftSettings: strict, plugins: ["BatonStubs"]),
    .testTarget(
      name: "BatonTests",
      dependencies: [
        "Baton", "BatonMessages", "BatonHealth", "BatonServiceLifecycle", "BatonTracing",
        "CKernelObjects",
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "InMemoryLogging", package: "swift-log"),
        .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "MetricsTestKit", package: "swift-metrics"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Tracing", package: "swift-distributed-tracing"),
      ],
      swiftSettings: testing),
    .testTarget(
      name: "FileBrokerTests",
      dependencies: [
        "Baton", "BatonMessages", "BatonHealth", "CKernelObjects", "Programs", "file-broker",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "InteropTests", dependencies: ["Baton", "BatonMessages"],
      exclude: ["baton.json", "interop.proto"], swiftSettings: strict, plugins: ["BatonStubs"]),
    .testTarget(
      name: "PeerTests",
      dependencies: [
        "Baton", "BatonMessages", "Programs", "file-broker",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Peers", "baton.json", "relay.proto"], swiftSettings: strict,
      plugins: ["BatonStubs"]),
    .executableTarget(
      name: "conformance-testee",
      dependencies: [
        "BatonMessages", .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Tests/conformance-testee", swiftSettings: strict),
    // What the generator writes for the schemas of its tests, compiled.
    .target(
      name: "GoldenTypes", dependencies: ["Baton", "BatonMessages"], path: "Tests/Golden/Types",
      exclude: ["baton.json", "golden"], swiftSettings: strict),
    .target(
      name: "GoldenNames", dependencies: ["Baton", "BatonMessages", "GoldenTypes"],
      path: "Tests/Golden/Names", exclude: ["baton.json", "golden"], swiftSettings: strict),
    .testTarget(
      name: "GeneratorTests",
      dependencies: [
        // Not protoc-gen-baton, which it runs: a test bundle that links it beside a target that
        // uses the plugin would hold it twice. Every product is built with the tests.
        "Baton", "BatonMessages", "GoldenTypes", "GoldenNames", "Programs",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Packages", "Refusals"], swiftSettings: testing),
    .testTarget(
      name: "BatonMessagesTests",
      dependencies: [
        "BatonMessages", "CBaton", "CKernelObjects", "Programs", "conformance-testee",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: testing),
  ],
  cLanguageStandard: .gnu11
)
