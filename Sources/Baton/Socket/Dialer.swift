import BatonMessages
internal import CBaton
import Glibc
import SystemPackage

/// Makes the socket that an address leads to.
enum Dialer {
  typealias Dialled = (PacketSocket, ChildProcess?)

  /// A connected socket and, for `exec:`, the child at its other end, which gets SIGTERM when the
  /// calling thread ends if the options say so. A server whose queue is full is waited for as long as
  /// for its hello.
  static func connect(
    _ address: Address, _ options: ConnectionOptions
  ) throws(ConnectionError) -> Dialled {
    switch address {
    case .path, .abstract:
      (try connect(address, within: max(options.handshakeTimeout, .nanoseconds(1))), nil)
    case .inherited(let number): (try adopt(number), nil)
    case .command(let words): try start(words, options.childEndsWithThread)
    case .announced:
      throw ConnectionError(.address, "a client connects to unix:, fd: or exec:, not to systemd")
    }
  }

  /// The same, where the calling thread is not to wait.
  static func connectAside(
    _ address: Address, _ options: ConnectionOptions
  ) async throws(ConnectionError) -> Dialled {
    guard address.canBeDialledAgain else { return try connect(address, options) }
    do throws(ConnectionError) {
      return (try connectAgain(address), nil)
    } catch {
      if error.errno != .resourceTemporarilyUnavailable { throw error }
    }
    let result: Result<Dialled, ConnectionError> = await withUnsafeContinuation { waiter in
      do throws(Errno) {
        try LoopThread.start {
          do throws(ConnectionError) {
            waiter.resume(returning: .success(try connect(address, options)))
          } catch {
            waiter.resume(returning: .failure(error))
          }
        }
      } catch {
        let failure = ConnectionError(
          .unreachable, "cannot wait for the server at \(address)", errno: error)
        waiter.resume(returning: .failure(failure))
      }
    }
    return try result.get()
  }

  /// A connected socket, of an address that ``Address/canBeDialledAgain``, without waiting.
  static func connectAgain(_ address: Address) throws(ConnectionError) -> PacketSocket {
    try connect(address, within: .zero)
  }

  private static func connect(
    _ address: Address, within limit: Duration
  ) throws(ConnectionError) -> PacketSocket {
    switch address {
    case .path(let path): try connect(path, abstract: false, address, within: limit)
    case .abstract(let name): try connect(name, abstract: true, address, within: limit)
    case .inherited, .command, .announced:
      throw ConnectionError(.address, "\(address) cannot be connected to twice")
    }
  }

  private static func connect(
    _ name: String, abstract: Bool, _ address: Address, within limit: Duration
  ) throws(ConnectionError) -> PacketSocket {
    var name = name
    let number = name.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        baton_connect(
          baton_name(bytes: $0.baseAddress, size: $0.count, abstract: abstract),
          limit.clampedNanoseconds)
      }
    }
    if number == -EAGAIN {
      throw ConnectionError(
        .unreachable, "the server at \(address) accepts no connections: its queue is full",
        errno: .resourceTemporarilyUnavailable)
    }
    if number < 0 {
      let errno = Errno(rawValue: -number)
      let reason =
        switch errno {
        case .permissionDenied: "may not connect to \(address), by its mode, owner or folders"
        case .protocolWrongTypeForSocket: "what listens at \(address) is no SOCK_SEQPACKET socket"
        default: "no server at \(address)"
        }
      throw ConnectionError(.unreachable, reason, errno: errno)
    }
    return PacketSocket(adopting: number)
  }

  private static func adopt(_ number: Int32) throws(ConnectionError) -> PacketSocket {
    guard try InheritedSocket.kind(of: number) == .connected else {
      throw ConnectionError(
        .address, "expected a connected socket at fd:\(number), got a listening one")
    }
    return PacketSocket(adopting: number)
  }

  private static func start(
    _ words: [String], _ withThread: Bool
  ) throws(ConnectionError) -> (PacketSocket, ChildProcess?) {
    let ours: PacketSocket
    let theirs: PacketSocket
    do throws(Errno) {
      (ours, theirs) = try PacketSocket.pair()
    } catch {
      throw ConnectionError(.unreachable, "socketpair", errno: error)
    }
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    let pidfd = baton_spawn(&arguments, theirs.number, withThread)
    if pidfd < 0 {
      throw ConnectionError(
        .unreachable, "cannot start \(words[0].shortened)", errno: Errno(rawValue: -pidfd))
    }
    return (ours, ChildProcess(pidfd))
  }
}

/// What an inherited number is.
enum InheritedSocket {
  enum Kind { case connected, listening }

  static func kind(of number: Int32) throws(ConnectionError) -> Kind {
    let kind = baton_socket_kind(number)
    if kind >= 0 { return kind == Int32(BATON_SOCKET_LISTENING.rawValue) ? .listening : .connected }
    if kind == -EPROTOTYPE {
      throw ConnectionError(.address, "expected a unix SOCK_SEQPACKET socket at fd:\(number)")
    }
    throw ConnectionError(
      .address, "expected a socket at fd:\(number)", errno: Errno(rawValue: -kind))
  }

  /// The numbers that systemd, or whoever speaks like it, announced to this process
  /// (sd_listen_fds(3)).
  static func announced() throws(ConnectionError) -> [Int32] {
    guard let text = getenv("LISTEN_FDS"), let count = Int32(String(cString: text)), count > 0
    else { throw ConnectionError(.address, "expected sockets announced by LISTEN_FDS, got none") }
    if let pid = getenv("LISTEN_PID"), String(cString: pid) != String(getpid()) {
      throw ConnectionError(
        .address, "LISTEN_FDS is meant for process \(String(cString: pid)), this is \(getpid())")
    }
    return (3..<3 + count).map { $0 }
  }
}
