import Foundation
import Programs

/// Runs protoc with the generator that this build made.
struct Protoc {
  /// The folders in which schemas are looked for.
  var folders: [URL]
  /// Parameters of the generator.
  var options: [String]

  static let package = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The folder that the build put its programs in; this test is one of them.
  private static var products: URL {
    get throws {
      let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      return URL(filePath: program).deletingLastPathComponent()
    }
  }

  static var generator: URL {
    get throws { try products.appending(path: "protoc-gen-baton") }
  }

  /// Writes code into `folder`; what protoc said against it is the result, nothing when all is well.
  func generate(_ schemas: [String], into folder: URL) throws -> String {
    let arguments =
      ["--plugin=protoc-gen-baton=\(try Self.generator.path)", "--baton_out=\(folder.path)"]
      + options.map { "--baton_opt=\($0)" } + folders.map { "-I\($0.path)" } + schemas
    do {
      _ = try Self.run(arguments, input: Data())
      return ""
    } catch let failure as Failure {
      return failure.text
    }
  }

  struct Failure: Error {
    let text: String
  }

  /// Runs protoc over the golden schemas; what it writes is the result.
  static func run(_ action: String, _ schema: String, input: Data) throws -> Data {
    let folders = CommittedTarget.all.map { "-I\($0.folder.path)" }
    return try run(folders + [action, schema], input: input)
  }

  private static func run(_ arguments: [String], input: Data) throws -> Data {
    let scratch = try TemporaryFolder()
    let (given, written, said) = (
      try scratch.file("input", input), try scratch.file("output"), try scratch.file("errors")
    )
    var protoc = Program(
      "/usr/bin/env",
      ["protoc"] + arguments
        + ["-I\(package.appending(path: "Schemas").path)", "-I/usr/include"])
    protoc.input = try FileHandle(forReadingFrom: given)
    protoc.output = try FileHandle(forWritingTo: written)
    protoc.errors = try FileHandle(forWritingTo: said)
    if try protoc.runBlocking() == 0 { return try Data(contentsOf: written) }
    throw Failure(text: try String(contentsOf: said, encoding: .utf8))
  }
}

/// A folder that is removed with the last reference to it.
final class TemporaryFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appending(path: "baton-generator-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  func file(_ name: String, _ content: Data = Data()) throws -> URL {
    let file = url.appending(path: name)
    try content.write(to: file)
    return file
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}
