import Foundation
import Glibc
import Programs
import Testing

/// A program that was started as a shell would start it, and what it says.
final class Tool {
  struct Result {
    let status: Int32
    let output: Data
    let errors: String
    var text: String { String(decoding: output, as: UTF8.self) }
  }

  private let process: RunningProgram
  private let scratch: Scratch

  var processID: Int32 { process.processIdentifier }

  /// `input` comes to the program on standard input. Its output goes to `output`, or is kept.
  init(
    _ program: String, _ arguments: [String], input: String = "",
    environment: [String: String] = [:], directory: URL = Tool.package, output: FileHandle? = nil
  ) throws {
    scratch = try Scratch()
    var program = Program(program, arguments)
    program.directory = directory
    program.environment = environment
    try scratch.file("in", containing: input)
    program.input = try scratch.open("in", O_RDONLY)
    program.output = try output ?? scratch.open("out", O_WRONLY | O_CREAT)
    program.errors = try scratch.open("err", O_WRONLY | O_CREAT)
    process = try program.start()
  }

  /// The processes that it started and that have not ended, whichever thread it was.
  func children() throws -> [Int32] {
    let threads = "/proc/\(processID)/task"
    return try FileManager.default.contentsOfDirectory(atPath: threads).flatMap { thread in
      let text = try String(contentsOfFile: "\(threads)/\(thread)/children", encoding: .utf8)
      return text.split(separator: " ").compactMap { Int32($0) }
    }
  }

  /// Waits for its end.
  func finish() async throws -> Result {
    let status = await process.ended()
    return Result(
      status: status,
      output: (try? Data(contentsOf: scratch.url.appending(path: "out"))) ?? Data(),
      errors: try String(contentsOf: scratch.url.appending(path: "err"), encoding: .utf8))
  }

  static func run(
    _ program: String, _ arguments: [String], input: String = "",
    environment: [String: String] = [:], directory: URL = package
  ) async throws -> Result {
    try await Tool(
      program, arguments, input: input, environment: environment, directory: directory
    ).finish()
  }

  /// `baton` with `arguments`.
  static func baton(
    _ arguments: String..., input: String = "", environment: [String: String] = [:],
    directory: URL = package
  ) async throws -> Result {
    try await run(
      product("baton"), arguments, input: input, environment: environment, directory: directory)
  }

  /// The address of the example, which is started as a child and serves what is below `root`.
  static func broker(root: URL = package) -> String {
    "exec:'\(product("file-broker"))' --root '\(root.path)'"
  }
}

extension Tool {
  /// The folder that the build put the programs in: the test bundle is one of them.
  static func product(_ name: String) -> String {
    let bundle = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let folder = URL(fileURLWithPath: bundle ?? CommandLine.arguments[0])
      .deletingLastPathComponent()
    return folder.appending(path: name).path
  }

  static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A program of the system, searched for in the folders of PATH.
  static func find(_ program: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
  }
}

/// A folder of its own for one test, removed with the last reference.
final class Scratch: Sendable {
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

  /// Opens a file that no other program inherits, which handles of Foundation do not see to.
  func open(_ name: String, _ flags: Int32) throws -> FileHandle {
    let number = Glibc.open(path(name), flags | O_CLOEXEC, 0o600)
    if number < 0 { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    return FileHandle(fileDescriptor: number, closeOnDealloc: true)
  }

  func path(_ name: String) -> String { url.appending(path: name).path }

  func content(_ name: String) throws -> String {
    try String(contentsOfFile: path(name), encoding: .utf8)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}
