import Foundation
import Glibc
import Testing

/// Runs programs as a shell would, and keeps what they say.
struct Tool {
  struct Result {
    let status: Int32
    let output: Data
    let errors: String
    var text: String { String(decoding: output, as: UTF8.self) }
  }

  /// The folder that the build put the programs in: the test bundle is one of them.
  static let products: URL = {
    let bundle = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: bundle ?? CommandLine.arguments[0]).deletingLastPathComponent()
  }()

  static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static func product(_ name: String) -> String { products.appending(path: name).path }

  /// `baton` with `arguments`; `input` comes to it on standard input.
  static func baton(
    _ arguments: String..., input: String = "", environment: [String: String] = [:],
    directory: URL = package
  ) throws -> Result {
    try run(
      product("baton"), arguments, input: input, environment: environment, directory: directory)
  }

  static func run(
    _ program: String, _ arguments: [String], input: String = "",
    environment: [String: String] = [:], directory: URL = package
  ) throws -> Result {
    let scratch = try Scratch()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.currentDirectoryURL = directory
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = try FileHandle(
      forReadingFrom: scratch.file("input", containing: input))
    process.standardOutput = try FileHandle(
      forWritingTo: scratch.file("output", containing: ""))
    process.standardError = try FileHandle(forWritingTo: scratch.file("errors", containing: ""))
    try process.run()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus,
      output: try Data(contentsOf: scratch.url.appending(path: "output")),
      errors: try String(contentsOf: scratch.url.appending(path: "errors"), encoding: .utf8))
  }

  /// A program of the system, searched for in the folders of PATH.
  static func find(_ program: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
  }
}

/// A folder of its own for one test, removed with the last reference.
final class Scratch {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "baton-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  @discardableResult
  func file(_ name: String, containing text: String) throws -> URL {
    let file = url.appending(path: name)
    try Data(text.utf8).write(to: file)
    return file
  }

  func path(_ name: String) -> String { url.appending(path: name).path }

  deinit { try? FileManager.default.removeItem(at: url) }
}
