import Foundation
import Programs
import SystemPackage

/// What a process left behind.
struct FinishedProcess {
  let status: Int32
  let output: Data
  let errors: String

  /// The output as text.
  var text: String { String(decoding: output, as: UTF8.self) }

  /// Runs a program to its end. Its output goes through files, so that no pipe can fill up.
  static func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:],
    in directory: URL? = nil
  ) async throws -> FinishedProcess {
    let scratch = try TemporaryDirectory()
    let output = try scratch.makeFile("output")
    let errors = try scratch.makeFile("errors")
    var program = Program(program, arguments)
    program.environment = environment
    program.directory = directory
    program.output = try writing(to: output)
    program.errors = try writing(to: errors)
    let status = try await program.run()
    return FinishedProcess(
      status: status, output: try Data(contentsOf: output),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  /// Unlike Foundation's own, a handle that other processes do not inherit.
  private static func writing(to file: URL) throws -> FileHandle {
    let descriptor = try FileDescriptor.open(file.path, .writeOnly, options: .closeOnExec)
    return FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: true)
  }
}
