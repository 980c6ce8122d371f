import BatonMessages
import Foundation
import Programs

/// Compiles schema text with protoc, as users' schemas are.
enum SchemaPoolSource {
  struct Refused: Error { let output: String }

  /// The serialised FileDescriptorSet of a proto3 file `test.proto` in package `test`, with what it
  /// imports and with comments.
  static func compile(_ text: String, header: String? = nil) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let header = header ?? "syntax = \"proto3\"; package test; import \"baton/options.proto\";\n"
    try (header + text).write(
      to: folder.appending(path: "test.proto"), atomically: true, encoding: .utf8)
    let output = folder.appending(path: "set.binpb")
    let schemas = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Schemas")
    let errors = folder.appending(path: "errors")
    try Data().write(to: errors)
    var protoc = Program(
      "/usr/bin/env",
      [
        "protoc", "-I", folder.path, "-I", schemas.path, "--include_imports",
        "--include_source_info", "--descriptor_set_out", output.path, "test.proto",
      ])
    protoc.errors = try FileHandle(forWritingTo: errors)
    guard try protoc.runBlocking() == 0 else {
      throw Refused(output: try String(contentsOf: errors, encoding: .utf8))
    }
    return [UInt8](try Data(contentsOf: output))
  }

  static func pool(_ text: String, header: String? = nil) throws -> SchemaPool {
    try SchemaPool(descriptorSet: compile(text, header: header))
  }

  /// A pool of one hand-made proto3 file, which may say what protoc would refuse.
  static func pool(
    messages: [DescriptorProto] = [], enums: [EnumDescriptorProto] = [],
    services: [ServiceDescriptorProto] = []
  ) throws -> SchemaPool {
    try SchemaPool(files: [
      FileDescriptorProto(
        name: "hand.proto", package: "hand", messageType: messages, enumType: enums,
        service: services, syntax: "proto3")
    ])
  }

  /// The error that `body` throws.
  static func error(_ body: () throws -> Void) -> CodecError? {
    do {
      try body()
      return nil
    } catch {
      return error as? CodecError
    }
  }
}
