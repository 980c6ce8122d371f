import Foundation
import Programs

/// The servers of the file broker, each in a process of its own.
enum BrokerServer: CaseIterable {
  case python
  case swift

  /// Runs the server while `body` does. It inherits a socket that listens already, so that nobody
  /// has to wait for it.
  func serve<Result>(
    _ programs: PeerPrograms, root: String, _ body: (_ address: String) async throws -> Result
  ) async throws -> Result {
    try await PeerServer.run(program(programs, root: root), body)
  }

  private func program(_ programs: PeerPrograms, root: String) -> Program {
    switch self {
    case .python: PeerServer.python(programs, "server.py", root)
    case .swift:
      Program(
        PeerPrograms.products.appending(path: "file-broker").path,
        ["--root", root, "--address", "fd:0"])
    }
  }
}
