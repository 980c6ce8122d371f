import Foundation
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
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.currentDirectoryURL = directory
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try writing(to: output)
    process.standardError = try writing(to: errors)
    try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in ended.resume() }
      do { try process.run() } catch { ended.resume(throwing: error) }
    }
    return FinishedProcess(
      status: process.terminationStatus, output: try Data(contentsOf: output),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  /// Unlike Foundation's own, a handle that other processes do not inherit.
  private static func writing(to file: URL) throws -> FileHandle {
    let descriptor = try FileDescriptor.open(file.path, .writeOnly, options: .closeOnExec)
    return FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: true)
  }
}
