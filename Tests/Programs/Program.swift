import CKernelObjects
public import Foundation

/// A program to start, and what it is given. Foundation's `Process` is not used: it copies entries of
/// `/proc/self/fd` beyond their buffer's end once some 1,350 descriptors are open, as they are beside
/// tests of many descriptors, and starts programs with the signals blocked that its thread blocks.
public struct Program {
  public var path: String
  public var arguments: [String]
  /// Added to this process's.
  public var environment: [String: String] = [:]
  public var directory: URL?
  /// `/dev/null` where there is none, but for the errors, which go where this process's go.
  public var input: FileHandle?
  public var output: FileHandle?
  public var errors: FileHandle?

  public init(_ path: String, _ arguments: [String] = []) {
    self.path = path
    self.arguments = arguments
  }

  public func start() throws -> RunningProgram { RunningProgram(try spawn()) }

  /// Starts it and waits for its end: its exit status, or the signal that ended it, negative.
  public func run() async throws -> Int32 { try await start().ended() }

  /// The same, while the thread waits: for programs that end soon, as protoc does.
  public func runBlocking() throws -> Int32 { wait_for_program(try spawn()) }

  private func spawn() throws -> Int32 {
    let inherited = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let null = FileHandle.nullDevice
    let standard = [
      (input ?? null).fileDescriptor, (output ?? null).fileDescriptor,
      errors?.fileDescriptor ?? STDERR_FILENO,
    ]
    let process = withPointers([path] + arguments) { arguments in
      withPointers(inherited.map { "\($0)=\($1)" }) { environment in
        start_program(path, arguments, environment, directory?.path ?? ".", standard)
      }
    }
    if process < 0 { throw POSIXError(POSIXErrorCode(rawValue: -process) ?? .EIO) }
    return process
  }
}

/// The strings as C has them, with a null behind the last.
private func withPointers<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  let pointers = strings.map { strdup($0) }
  defer { for pointer in pointers { free(pointer) } }
  return body(pointers + [nil])
}
