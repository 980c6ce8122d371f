import Foundation

/// The clients of the file broker that are not written in Swift.
enum BrokerClient: CaseIterable {
  case python
  case c

  func run(
    _ programs: PeerPrograms, _ address: String, _ arguments: String...
  ) async throws -> FinishedProcess {
    switch self {
    case .python: try await programs.python("client.py", [address] + arguments)
    case .c: try await FinishedProcess.run(programs.makeCClient(), [address] + arguments)
    }
  }
}

/// A server of the file broker in a process of its own.
enum BrokerServer: CaseIterable {
  case python

  /// Runs the server while `body` does; it ends when its standard input does.
  func serve<Result>(
    _ programs: PeerPrograms, root: String, _ body: (_ address: String) async throws -> Result
  ) async throws -> Result {
    let directory = try TemporaryDirectory()
    let address = "unix:\(directory.path("broker"))"
    let input = Pipe()
    let output = Pipe()
    let process = process(programs, address: address, root: root)
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    defer {
      try? input.fileHandleForWriting.close()
      process.terminate()
    }
    // Its first line of output says that it listens.
    _ = try output.fileHandleForReading.read(upToCount: 1)
    return try await body(address)
  }

  private func process(_ programs: PeerPrograms, address: String, root: String) -> Process {
    let process = Process()
    process.environment = ProcessInfo.processInfo.environment
      .merging(programs.pythonEnvironment) { $1 }
    switch self {
    case .python:
      process.executableURL = URL(filePath: PeerPrograms.python)
      process.arguments = [PeerPrograms.script("server.py"), address, root]
    }
    return process
  }
}
