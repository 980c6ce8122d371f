import Foundation
import Glibc
import Programs
import SystemPackage

/// Runs servers, each in a process of its own.
enum PeerServer {
  /// Runs the server while `body` does. It inherits a socket that listens already, so that nobody
  /// has to wait for it.
  static func run<Result>(
    _ program: Program, _ body: (_ address: String) async throws -> Result
  ) async throws -> Result {
    let directory = try TemporaryDirectory()
    let path = directory.path("server")
    var program = program
    program.input = FileHandle(fileDescriptor: try Self.listen(at: path), closeOnDealloc: true)
    let process = try program.start()
    defer { kill(process.processIdentifier, SIGKILL) }
    return try await body("unix:\(path)")
  }

  /// A program of `Peers/`, to be run.
  static func python(_ programs: PeerPrograms, _ script: String, _ argument: String) -> Program {
    var program = Program(PeerPrograms.python, [PeerPrograms.script(script), argument])
    program.environment = programs.pythonEnvironment
    return program
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
