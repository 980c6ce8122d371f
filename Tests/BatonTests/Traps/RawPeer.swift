import Glibc
import SystemPackage
import Testing

/// One end of a `SOCK_SEQPACKET` socket that sends whatever packets it is told to, right or wrong.
final class RawPeer: Sendable {
  let number: Int32

  init(adopting number: Int32) {
    self.number = number
    // A test whose packet does not come or leave fails instead of hanging.
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(number, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  deinit { close(number) }

  /// A raw peer and the number of the socket it is connected to.
  static func pair() throws(Errno) -> (RawPeer, other: Int32) {
    var numbers: [Int32] = [-1, -1]
    let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &numbers) == 0 else { throw Errno(rawValue: errno) }
    return (RawPeer(adopting: numbers[0]), numbers[1])
  }

  /// A raw peer that is yet to connect.
  static func unconnected() throws(Errno) -> RawPeer {
    let number = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    if number < 0 { throw Errno(rawValue: errno) }
    return RawPeer(adopting: number)
  }

  /// A raw peer that is connected to the socket at `path`.
  static func connected(to path: String) throws(Errno) -> RawPeer {
    let peer = try unconnected()
    try peer.connect(to: path)
    return peer
  }

  /// connect(2) to the socket at `path`.
  func connect(to path: String) throws(Errno) {
    try Self.call(path) { Glibc.connect(number, $0, $1) }
  }

  /// bind(2) to `path`, and listen(2) with a queue that is full with one connection.
  func listenForOne(at path: String) throws(Errno) {
    try Self.call(path) { bind(number, $0, $1) }
    if listen(number, 0) < 0 { throw Errno(rawValue: errno) }
  }

  private static func call(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) throws(Errno) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let result = withUnsafePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if result < 0 { throw Errno(rawValue: errno) }
  }

  /// SO_SNDBUFFORCE, which only privileged users may.
  func forceSendBuffer(_ size: Int32) {
    let sndbufforce: Int32 = 32
    var size = size
    setsockopt(number, SOL_SOCKET, sndbufforce, &size, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Waits until a packet is there, without taking it.
  func untilReadable() async throws {
    let number = number
    try await withCheckedThrowingContinuation { (readable: CheckedContinuation<Void, any Error>) in
      OwnThread.run {
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        let count = poll(&entry, 1, 20_000)
        readable.resume(
          with: count == 1 ? .success(()) : .failure(Errno.timedOut))
      }
    }
  }

  /// ``send(_:descriptors:)`` on a thread of its own, as it may wait until the other end reads.
  func sendElsewhere(_ bytes: [UInt8]) async throws {
    try await withCheckedThrowingContinuation { sent in
      OwnThread.run { sent.resume(with: Result { try self.send(bytes) }) }
    }
  }

  /// Ends this end's direction alone.
  func finish() { shutdown(number, Int32(SHUT_WR)) }

  /// Closes the socket with what lies unread in it, which resets the connection; the number goes on
  /// to mean something else.
  func reset() throws(Errno) {
    let other = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0)
    guard other >= 0, dup2(other, number) >= 0 else { throw Errno(rawValue: errno) }
    close(other)
  }

  /// Ends both directions.
  func leave() { shutdown(number, Int32(SHUT_RDWR)) }

  /// Sends one packet. The descriptors stay the caller's.
  func send(
    _ bytes: [UInt8], descriptors: [Int32] = []
  ) throws(Errno) {
    let flags = Int32(MSG_NOSIGNAL)
    var control = Self.rights(descriptors)
    var bytes = bytes
    let sent = bytes.withUnsafeMutableBytes { bytes in
      control.withUnsafeMutableBytes { control in
        var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        return withUnsafeMutablePointer(to: &part) { part in
          var message = msghdr()
          message.msg_iov = part
          message.msg_iovlen = 1
          message.msg_control = control.isEmpty ? nil : control.baseAddress
          message.msg_controllen = control.count
          return sendmsg(number, &message, flags)
        }
      }
    }
    if sent < 0 { throw Errno(rawValue: errno) }
  }

  /// The next packet, nil at the end of the connection. Waits on a thread of its own.
  func receive() async throws -> RawPacket? {
    try await withCheckedThrowingContinuation { received in
      OwnThread.run { received.resume(with: Result { try self.receiveNow() }) }
    }
  }

  /// The frames that come, up to one of a kind. The descriptors that come are closed.
  func frames(until kind: UInt8) async throws -> [ReceivedFrame] {
    var frames: [ReceivedFrame] = []
    while !frames.contains(where: { $0.kind == kind }) {
      let packet = try #require(try await receive(), "the connection ended")
      for number in packet.descriptors { close(number) }
      frames += ReceivedFrame.all(in: packet.bytes)
    }
    let end = frames.firstIndex { $0.kind == kind } ?? frames.endIndex - 1
    return Array(frames[...end])
  }

  /// The frames that have come by now.
  func framesByNow() -> [ReceivedFrame] {
    var frames: [ReceivedFrame] = []
    var bytes = [UInt8](repeating: 0, count: 65_536)
    while true {
      let size = recv(number, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      if size <= 0 { return frames }
      frames += ReceivedFrame.all(in: Array(bytes[..<size]))
    }
  }

  private func receiveNow() throws(Errno) -> RawPacket? {
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    var control = Self.rights(Array(repeating: 0, count: 253))
    var controlLength = 0
    let size = bytes.withUnsafeMutableBytes { bytes in
      control.withUnsafeMutableBytes { control in
        var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        return withUnsafeMutablePointer(to: &part) { part in
          var message = msghdr()
          message.msg_iov = part
          message.msg_iovlen = 1
          message.msg_control = control.baseAddress
          message.msg_controllen = control.count
          let size = recvmsg(number, &message, Int32(MSG_CMSG_CLOEXEC))
          controlLength = message.msg_controllen
          return size
        }
      }
    }
    if size < 0 {
      // What came before the reset is still to be read.
      if errno == ECONNRESET { return try receiveNow() }
      throw Errno(rawValue: errno)
    }
    if size == 0 { return nil }
    return RawPacket(
      bytes: Array(bytes[..<size]), descriptors: Self.numbers(control, controlLength))
  }

  /// One control message: cmsg_len (8 bytes), SOL_SOCKET, SCM_RIGHTS, then the numbers.
  private static func rights(_ descriptors: [Int32]) -> [UInt8] {
    if descriptors.isEmpty { return [] }
    var control: [UInt8] = []
    withUnsafeBytes(of: 16 + 4 * descriptors.count) { control += $0 }
    for number in [SOL_SOCKET, 1] + descriptors { withUnsafeBytes(of: number) { control += $0 } }
    return control + Array(repeating: 0, count: -control.count & 7)
  }

  private static func numbers(_ control: [UInt8], _ length: Int) -> [Int32] {
    if length < 16 { return [] }
    let end = control.withUnsafeBytes { $0.loadUnaligned(as: Int.self) }
    return stride(from: 16, to: end, by: 4).map { at in
      control.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: Int32.self) }
    }
  }
}

/// What a raw peer received. The descriptors are the test's to close.
struct RawPacket {
  var bytes: [UInt8]
  var descriptors: [Int32]
}
