import Baton
import Glibc
import SystemPackage

/// A listening socket whose connections are raw peers.
final class RawListener: Sendable {
  let path: String
  private let listener: Listener

  init(path: String = "/tmp/baton-\(UInt64.random(in: 0 ... .max)).sock") throws {
    self.path = path
    listener = try .bind(.path(path), mode: 0o600)
  }

  deinit { listener.removeFile() }

  /// The next connection. Waits on a thread of its own, 20 seconds at most.
  func accept() async throws -> RawPeer {
    let number = listener.number
    return try await withCheckedThrowingContinuation { accepted in
      OwnThread.run {
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 20_000) == 1 else {
          return accepted.resume(throwing: Errno.timedOut)
        }
        let peer = Glibc.accept(number, nil, nil)
        if peer < 0 { return accepted.resume(throwing: Errno(rawValue: errno)) }
        accepted.resume(returning: RawPeer(adopting: peer))
      }
    }
  }

  /// Runs `body` with a connection to a raw peer, which listens for more.
  static func withClient(
    hello: RawFrame = .hello,
    _ body: (RawPeer, RawListener, Connection) async throws -> Void
  ) async throws {
    let listener = try RawListener()
    async let accepted = listener.accept()
    async let connecting = Connection.connect(
      to: Address("unix:\(listener.path)"),
      options: ConnectionOptions(
        reconnection: Reconnection(initialDelay: .milliseconds(5))))
    let peer = try await accepted
    try peer.send(hello.bytes)
    let connection = try await connecting
    _ = try await peer.receive()
    try await body(peer, listener, connection)
    connection.close()
  }
}
