import Foundation

/// The servers of the file broker, each in a process of its own.
enum BrokerServer: CaseIterable {
  case python
  case swift

  /// Runs the server while `body` does. It inherits a socket that listens already, so that nobody
  /// has to wait for it.
  func serve<Result>(
    _ programs: PeerPrograms, root: String, _ body: (_ address: String) async throws -> Result
  ) async throws -> Result {
    try await PeerServer.run(process(programs, root: root), body)
  }

  private func process(_ programs: PeerPrograms, root: String) -> Process {
    switch self {
    case .python: return PeerServer.python(programs, "server.py", root)
    case .swift:
      let process = Process()
      process.executableURL = PeerPrograms.products.appending(path: "file-broker")
      process.arguments = ["--root", root, "--address", "fd:0"]
      return process
    }
  }
}
