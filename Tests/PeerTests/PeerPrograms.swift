import Foundation

/// The peers in `Peers/`, ready to run: the code for their schemas is generated.
struct PeerPrograms {
  enum Failure: Error {
    case command(String, status: Int32, errors: String)
  }

  static let sources = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Peers")
  static let package = sources.appending(path: "../../..").standardizedFileURL
  static let specification = package.appending(
    path: "Sources/Baton/Documentation.docc/Wire.md")

  /// Where the executables of this package are built.
  static let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()

  private static let schemas = ["baton/options.proto", "baton/wire.proto", "files/v1/broker.proto"]
  private let directory: TemporaryDirectory

  init() async throws {
    directory = try TemporaryDirectory()
    try await command(
      "protoc",
      ["-ISchemas", "-ITests/PeerTests", "--python_out=\(directory.url.path)", "relay.proto"]
        + Self.schemas)
  }

  /// Builds the C client with what protoc-c makes of the schemas, and says where it lies.
  func makeCClient() async throws -> String {
    let schemas = Self.schemas + ["google/protobuf/any.proto", "google/protobuf/descriptor.proto"]
    let root = directory.url.path
    let client = directory.path("client")
    if FileManager.default.fileExists(atPath: client) { return client }
    try await command("protoc-c", ["-ISchemas", "-I/usr/include", "--c_out=\(root)"] + schemas)
    let sources =
      [Self.script("client.c")]
      + schemas.map { directory.path($0.replacing(".proto", with: ".pb-c.c")) }
    try await command(
      "cc",
      ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I\(root)", "-o", client] + sources
        + ["-lprotobuf-c"])
    return client
  }

  private func command(_ name: String, _ arguments: [String]) async throws {
    let ended = try await FinishedProcess.run(
      "/usr/bin/env", [name] + arguments, in: Self.package)
    if ended.status != 0 {
      throw Failure.command(name, status: ended.status, errors: ended.errors)
    }
  }

  /// Debian's Python, which its package python3-protobuf belongs to.
  static let python = "/usr/bin/python3"

  /// Where Python finds the peers and the code generated for them.
  var pythonEnvironment: [String: String] {
    ["PYTHONPATH": directory.url.path, "PYTHONDONTWRITEBYTECODE": "1"]
  }

  static func script(_ name: String) -> String { sources.appending(path: name).path }

  func python(_ script: String, _ arguments: [String]) async throws -> FinishedProcess {
    try await FinishedProcess.run(
      Self.python, [Self.script(script)] + arguments, environment: pythonEnvironment)
  }
}
