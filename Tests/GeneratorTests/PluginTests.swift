import Foundation
import Testing

/// Minutes long at first, as the packages build all that they depend on. `.ci/run` asks for them.
@Suite(
  .serialized,
  .enabled(
    if: ProcessInfo.processInfo.environment["BATON_PLUGIN_TESTS"] != nil,
    "set BATON_PLUGIN_TESTS to build packages with the plugins"))
struct PluginTests {
  @Test func `code of other targets and packages is found by way of dependencies`() throws {
    let packages = try ExamplePackages()
    let build = try packages.build()
    try #require(build.isBuilt, "\(build.text)")
    let schemas =
      "baton/options.proto common/v1/page.proto google/protobuf/timestamp.proto "
      + "shared/v1/money.proto"
    #expect(try packages.runApp() == "true 3 EUR app.v1.App \(schemas)\n")
  }

  @Test func `an edited schema is generated again`() throws {
    let packages = try ExamplePackages()
    try packages.edit(
      "shared/Schemas/shared/v1/money.proto", replacing: "int64 units",
      with: "string coin = 3;\n  int64 units")
    try packages.edit(
      "shared/Sources/Shared/Money+Text.swift", replacing: "\\(units)",
      with: "\\(coin)\\(units)")
    let build = try packages.build()
    #expect(build.isBuilt, "\(build.text)")
  }

  @Test func `a schema that is refused is one error with file and line`() throws {
    let packages = try ExamplePackages()
    let schema = "app/Schemas/app/v1/shop.proto"
    try packages.edit(schema, replacing: "uint32 catalogue", with: "string catalogue")
    let path = packages.folder.appending(path: schema).path
    #expect(
      errors(try packages.build()) == [
        "\(path):22:3: error: app.v1.ListReply.catalogue carries a descriptor, so its type must be "
          + "uint32, not string; change the type or remove (baton.descriptor)"
      ])
  }

  @Test func `a missing import is one error with file and line`() throws {
    let packages = try ExamplePackages()
    let schema = "app/Schemas/app/v1/shop.proto"
    try packages.edit(schema, replacing: "common/v1/page.proto", with: "common/v2/page.proto")
    let path = packages.folder.appending(path: schema).path
    let found = errors(try packages.build()).filter { $0.contains("common/v2") }
    #expect(found.count == 1)
    #expect(found[0].hasPrefix("\(path):6:1: error: common/v2/page.proto was not found in /"))
  }

  @Test func `code that another module keeps to itself is refused`() throws {
    let packages = try ExamplePackages()
    try packages.edit(
      "shared/Sources/Shared/baton.json", replacing: "public", with: "package")
    try packages.edit("app/Package.swift", replacing: "targets: [", with: "targets:  [")
    let path = packages.folder.appending(path: "app/Schemas/app/v1/shop.proto").path
    #expect(
      errors(try packages.build()).contains(
        "error: \(path):8: shared/v1/money.proto is generated in Shared, whose baton.json does not "
          + "make it visible here: set its visibility to public"))
  }

  @Test func `an edited baton.json is not overlooked, and counts once the package is touched`()
    throws
  {
    let packages = try ExamplePackages()
    let built = try packages.build()
    try #require(built.isBuilt, "\(built.text)")
    let configuration = "app/Sources/Common/baton.json"
    try packages.edit(configuration, replacing: "package", with: "internal")
    let path = packages.folder.appending(path: configuration).path
    #expect(
      errors(try packages.build()).contains(
        "error: \(path) has changed since the build was planned: run touch Package.swift and build "
          + "again"))
    try packages.edit("app/Package.swift", replacing: "targets: [", with: "targets:   [")
    let schema = packages.folder.appending(path: "app/Schemas/app/v1/shop.proto").path
    #expect(
      errors(try packages.build()).contains(
        "error: \(schema):6: common/v1/page.proto is generated in Common, whose baton.json does not "
          + "make it visible here: set its visibility to package or public"))
  }

  @Test(arguments: [
    (#"["common/v1/page.proto", "common/v1/page.proto"]"#, "common/v1/page.proto is listed twice"),
    ("[]", "expected at least one schema file, got none"),
    (#""common/v1/page.proto""#, "expected an array of texts, such as"),
    (#"["./common/v1/page.proto"]"#, "expected a file as it is imported, such as"),
  ])
  func `a list of schemas that cannot be is told with the file that has it`(
    _ schemas: String, _ reason: String
  ) throws {
    let packages = try ExamplePackages()
    let configuration = "app/Sources/Common/baton.json"
    try packages.edit(configuration, replacing: #"["common/v1/page.proto"]"#, with: schemas)
    try packages.edit("app/Package.swift", replacing: "targets: [", with: "targets:    [")
    let path = packages.folder.appending(path: configuration).path
    let found = errors(try packages.build())
    #expect(found.contains { $0.contains("\(path): schemas: \(reason)") }, "\(found)")
  }

  @Test func `without protoc the build says what to install`() throws {
    let packages = try ExamplePackages()
    try packages.edit("app/Package.swift", replacing: "targets: [", with: "targets: [ ")
    let build = try packages.build(environment: ["PROTOC_PATH": "/nonexistent/protoc"])
    #expect(
      errors(build).contains(
        "error: PROTOC_PATH is /nonexistent/protoc, which is not a program"))
  }

  private func errors(_ build: (text: String, isBuilt: Bool)) -> [String] {
    build.isBuilt
      ? []
      : build.text.split(separator: "\n").map(String.init)
        .filter { $0.contains("error: ") }
  }
}
