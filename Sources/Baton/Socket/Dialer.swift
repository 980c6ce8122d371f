internal import CBaton
import Glibc
import SystemPackage

/// Makes the socket that an address leads to.
enum Dialer {
  /// A connected socket and, for `exec:`, the child at its other end, which gets SIGTERM when the
  /// calling thread ends if `withThread` says so.
  static func connect(
    _ address: Address, withThread: Bool = false
  ) throws(ConnectionError) -> (PacketSocket, ChildProcess?) {
    switch address {
    case .path(let path): (try connect(path, abstract: false, address), nil)
    case .abstract(let name): (try connect(name, abstract: true, address), nil)
    case .inherited(let number): (try adopt(number), nil)
    case .command(let words): try start(words, withThread)
    case .announced:
      throw ConnectionError(.address, "a client connects to unix:, fd: or exec:, not to systemd")
    }
  }

  /// A connected socket, of an address that ``Address/canBeDialledAgain``, without waiting.
  static func connectAgain(_ address: Address) throws(ConnectionError) -> PacketSocket {
    switch address {
    case .path(let path): try connect(path, abstract: false, address, wait: false)
    case .abstract(let name): try connect(name, abstract: true, address, wait: false)
    case .inherited, .command, .announced:
      throw ConnectionError(.address, "\(address) cannot be connected to twice")
    }
  }

  private static func connect(
    _ name: String, abstract: Bool, _ address: Address, wait: Bool = true
  ) throws(ConnectionError) -> PacketSocket {
    var name = name
    let number = name.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        baton_connect(baton_name(bytes: $0.baseAddress, size: $0.count, abstract: abstract), wait)
      }
    }
    if number < 0 {
      throw ConnectionError(
        .unreachable, "no server at \(address)", errno: Errno(rawValue: -number))
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
        .unreachable, "cannot start \(words[0])", errno: Errno(rawValue: -pidfd))
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
