import Foundation
import Programs
import Testing

/// The program that runs protoc for the plugins.
@Suite struct ComplaintTests {
  @Test func `an import that is missing is told once, with the path of the file`() throws {
    let folder = try TemporaryFolder()
    let schema = try folder.file(
      "a.proto", Data("syntax = \"proto3\";\nimport \"b/c.proto\";\n".utf8))
    let said = try run(["a.proto"], in: folder)
    #expect(
      said == "\(schema.path):2:1: error: b/c.proto was not found in \(folder.url.path)\n")
  }

  @Test func `a refusal of the generator names the path of the file`() throws {
    let folder = try TemporaryFolder()
    let schema = try folder.file(
      "a.proto", Data("syntax = \"proto3\";\nmessage Type {}\nmessage TypeMessage {}\n".utf8))
    let said = try run(["a.proto"], in: folder)
    #expect(
      said
        == "\(schema.path):3:1: error: TypeMessage and Type (a.proto:2:1) would both be named "
        + "TypeMessage in Swift; rename one of them, or set (baton.swift_prefix) in its file\n")
  }

  @Test(arguments: [
    ("descriptor", "is not known here: add import \"baton/options.proto\";"),
    (
      "descripter",
      "is no option; baton/options.proto has (baton.descriptor) and (baton.swift_prefix)"
    ),
  ])
  func `an option of Baton's that is not known says what to do`(_ name: String, _ reason: String)
    throws
  {
    let folder = try TemporaryFolder()
    let schema = try folder.file(
      "a.proto",
      Data("syntax = \"proto3\";\nmessage A { uint32 f = 1 [(baton.\(name)) = {}]; }\n".utf8))
    let said = try run(["a.proto"], in: folder)
    #expect(said == "\(schema.path):2:27: error: (baton.\(name)) \(reason)\n")
  }

  @Test func `a file without a syntax is one error, which asks for proto3`() throws {
    let folder = try TemporaryFolder()
    let schema = try folder.file("a.proto", Data("message A {}\n".utf8))
    let said = try run(["a.proto"], in: folder)
    #expect(said.hasPrefix("\(schema.path)"))
    #expect(said.contains("proto3"))
    #expect(said.split(separator: "\n").count == 1)
  }

  @Test func `a configuration that changed since the build was planned is refused`() throws {
    let folder = try TemporaryFolder()
    let configuration = try folder.file("baton.json", Data("{}".utf8))
    let said = try run(["a.proto"], in: folder, plan: ["--plan", configuration.path, "1"])
    #expect(
      said
        == "error: \(configuration.path) has changed since the build was planned: run touch "
        + "Package.swift and build again\n")
  }

  /// What it writes to standard error when it fails, as it must here.
  private func run(
    _ schemas: [String], in folder: TemporaryFolder, plan: [String] = []
  ) throws -> String {
    let errors = try folder.file("errors")
    var program = Program(
      try Protoc.generator.deletingLastPathComponent().appending(path: "baton-protoc").path)
    program.arguments =
      plan + ["/usr/bin/env", "protoc", "--plugin=protoc-gen-baton=\(try Protoc.generator.path)"]
      + ["--baton_out=\(folder.url.path)", "--baton_opt=Module=A", "-I\(folder.url.path)"] + schemas
    program.errors = try FileHandle(forWritingTo: errors)
    #expect(try program.runBlocking() != 0)
    return try String(contentsOf: errors, encoding: .utf8)
  }
}
