import Foundation
import Glibc
import SystemPackage

/// The servers of the file broker, each in a process of its own.
enum BrokerServer: CaseIterable {
  case python
  case swift

  /// Runs the server while `body` does. It inherits a socket that listens already, so that nobody
  /// has to wait for it.
  func serve<Result>(
    _ programs: PeerPrograms, root: String, _ body: (_ address: String) async throws -> Result
  ) async throws -> Result {
    let directory = try TemporaryDirectory()
    let path = directory.path("broker")
    let process = process(programs, root: root)
    process.standardInput = FileHandle(
      fileDescriptor: try Self.listen(at: path), closeOnDealloc: true)
    try process.run()
    defer {
      // Foundation starts processes with most signals blocked.
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    return try await body("unix:\(path)")
  }

  private func process(_ programs: PeerPrograms, root: String) -> Process {
    let process = Process()
    switch self {
    case .python:
      process.executableURL = URL(filePath: PeerPrograms.python)
      process.arguments = [PeerPrograms.script("server.py"), root]
      process.environment = ProcessInfo.processInfo.environment
        .merging(programs.pythonEnvironment) { $1 }
    case .swift:
      process.executableURL = PeerPrograms.products.appending(path: "file-broker")
      process.arguments = ["--root", root, "--address", "fd:0"]
    }
    return process
  }

  private static func listen(at path: String) throws -> Int32 {
    let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let listener = socket(AF_UNIX, type, 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard bound == 0, Glibc.listen(listener, 16) == 0 else { throw Errno(rawValue: errno) }
    return listener
  }
}
