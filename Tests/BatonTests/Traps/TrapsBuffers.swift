import Baton
import BatonMessages
import CKernelObjects
import Glibc
import SystemPackage
import Testing

/// Sockets that take less at once than others, or more. Every test runs in a process of its own, so
/// that its system calls and its open descriptor numbers are the test's alone.
@Suite(.processOfItsOwn, .timeLimit(.minutes(2))) struct TrapsBuffers {
  /// Connected sockets whose SO_SNDBUF is `size`, as the kernel counts it, or what it allows. Forced
  /// needs privilege.
  private static func sockets(
    _ size: Int32, forced: Bool = false
  ) throws -> (Descriptor, Descriptor) {
    let sndbufforce: Int32 = 32
    let pair = try Descriptor.socketPair()
    for socket in [pair.0, pair.1] {
      var half = size / 2
      _ = socket.withFileDescriptor {
        setsockopt(
          $0.rawValue, SOL_SOCKET, forced ? sndbufforce : SO_SNDBUF, &half,
          socklen_t(MemoryLayout<Int32>.size))
      }
    }
    return pair
  }

  /// Sends messages of many packets, with files and without, there and back.
  private static func echo(over sockets: (Descriptor, Descriptor)) async throws {
    let server = Server(
      address: "fd:\(try sockets.0.take().rawValue)", services: [StreamService()])
    try await onOwnThread {
      async let ended: Void = server.run()
      let connection = try await Connection.connect(over: sockets.1)
      let payload = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
      let files = try (0..<300).map { try Descriptor.memory(Array("\($0)".utf8)) }
      for request in [EchoMessage(payload: payload), EchoMessage(payload: payload, files: files)] {
        let reply = try await connection.call(StreamService.echo, request)
        #expect(reply.payload == payload)
        #expect(
          try reply.files.map { try $0.readTextToEnd() } == request.files.indices.map { "\($0)" })
      }
      connection.close()
      try await ended
    }
  }

  @Test func `a socket that came with a small send buffer is given a larger one`() async {
    await #expect(processExitsWith: .success) {
      try await Self.echo(over: Self.sockets(4608))
    }
  }

  @Test func `where the send buffer stays small, so do packets`() async {
    await #expect(processExitsWith: .success) {
      let sockets = try Self.sockets(4608)
      try #require(keep_socket_option(SO_SNDBUF, EPERM) == 0)
      try await Self.echo(over: sockets)
    }
  }

  @Test func `a send buffer beyond what the kernel takes in a packet is not filled with one`() async
  {
    await #expect(processExitsWith: .success) {
      try await Self.echo(over: Self.sockets(64 << 20, forced: true))
    }
  }
}
