// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "app",
  dependencies: [.package(path: "../baton"), .package(path: "../shared")],
  targets: [
    .target(
      name: "Common", dependencies: [.product(name: "BatonMessages", package: "baton")],
      exclude: ["baton.json"], plugins: [.plugin(name: "BatonStubs", package: "baton")]),
    .executableTarget(
      name: "App",
      dependencies: [
        "Common", .product(name: "Shared", package: "shared"),
        .product(name: "Baton", package: "baton"),
        .product(name: "BatonMessages", package: "baton"),
      ],
      exclude: ["baton.json"], plugins: [.plugin(name: "BatonStubs", package: "baton")]),
  ])
