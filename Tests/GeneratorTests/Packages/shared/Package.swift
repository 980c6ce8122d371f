// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "shared",
  products: [.library(name: "Shared", targets: ["Shared"])],
  dependencies: [.package(path: "../baton")],
  targets: [
    .target(
      name: "Shared", dependencies: [.product(name: "BatonMessages", package: "baton")],
      exclude: ["baton.json"], plugins: [.plugin(name: "BatonStubs", package: "baton")])
  ])
