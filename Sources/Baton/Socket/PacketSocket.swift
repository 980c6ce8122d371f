import BatonMessages
internal import CBaton
import SystemPackage

/// A connected SOCK_SEQPACKET socket, closed with the last reference: whoever is in a system call on
/// it holds one, so that its number is not used again meanwhile.
package final class PacketSocket: Sendable {
  let number: Int32
  let transport: DescriptorTransport

  /// Takes `number` over.
  package init(adopting number: Int32) {
    self.number = number
    transport = DescriptorTransport(FileIdentity(of: number))
  }

  deinit { baton_close(number) }

  /// Two sockets connected to each other (socketpair(2)).
  static func pair() throws(Errno) -> (PacketSocket, PacketSocket) {
    var numbers: [Int32] = [-1, -1]
    let result = baton_socket_pair(&numbers)
    if result < 0 { throw Errno(rawValue: -result) }
    return (PacketSocket(adopting: numbers[0]), PacketSocket(adopting: numbers[1]))
  }

  /// Bytes that may be on their way: several packets, so that both ends have something to copy.
  private static let wide: Int32 = 1 << 20
  /// While a message takes long to leave: short ones wait behind what is on its way of it, which is
  /// a quarter of this and a fragment.
  private static let narrow: Int32 = 384 * 1024

  /// The most bytes of a packet, whatever more there is room for.
  private static let mostBytes = 212_960

  /// The most bytes one packet may have: SO_SNDBUF less what the kernel keeps for itself.
  var largestPacket: Int {
    let buffer = Int(baton_send_buffer(number))
    return min(max(buffer - 32, 4096), Self.mostBytes)
  }

  /// Makes room for several packets on their way, where the kernel allows it.
  func widenSendBuffer() {
    if baton_send_buffer(number) < Self.wide { baton_set_send_buffer(number, Self.wide) }
  }

  /// Lets few bytes be on their way, or as many as before.
  func narrowSendBuffer(_ isNarrow: Bool) {
    baton_set_send_buffer(number, isNarrow ? Self.narrow : Self.wide)
  }

  /// Whether so little is under way that a fragment of a large message may join it: at most a quarter
  /// of SO_SNDBUF, which is when poll(2) calls a socket writable.
  var hasRoomForFragment: Bool { baton_wait(number, true, 0) != 0 }

  /// Sends one packet. Throws `wouldBlock` when the socket is full and `wait` is not set.
  func send(_ packet: OutgoingPacket, wait: Bool) throws(Errno) {
    let raw = baton_packet(
      bytes: packet.bytes.baseAddress, size: packet.bytes.count,
      slice: packet.slice?.baseAddress, slice_size: packet.slice?.count ?? 0,
      tail: packet.tail.baseAddress, tail_size: packet.tail.count)
    let result =
      packet.descriptors.isEmpty
      ? baton_send(number, raw, nil, 0, wait)
      : Descriptor.withNumbers(of: packet.descriptors) { baton_send(number, raw, $0, $1, wait) }
    if result < 0 { throw Errno(rawValue: Int32(-result)) }
  }

  /// What one recvmsg brought.
  enum Received: ~Copyable {
    /// Nothing is there now.
    case nothing
    case end
    case packet(size: Int, ReceivedDescriptors, lost: Bool)
  }

  /// Receives one packet into `buffer`, and what follows its first frame's header into `guess` as far
  /// as it fits. Its descriptors are owned at once, whatever it is.
  func receive(
    into buffer: UnsafeMutableRawBufferPointer, guess: UnsafeMutableRawBufferPointer? = nil,
    wait: Bool
  ) throws(ReceiveError) -> Received {
    let room = baton_room(
      bytes: buffer.baseAddress, size: buffer.count, before: FrameHeader.byteCount,
      apart: guess?.baseAddress, apart_size: guess?.count ?? 0)
    let outcome: Result<Received, ReceiveError> = withUnsafeTemporaryAllocation(
      of: Int32.self, capacity: Int(BATON_PACKET_DESCRIPTORS)
    ) { numbers in
      let raw = baton_receive(number, room, numbers.baseAddress, wait)
      let descriptors =
        raw.count == 0
        ? ReceivedDescriptors()
        : ReceivedDescriptors(
          adopting: UnsafePointer(numbers.baseAddress!), count: Int(raw.count), over: transport)
      if raw.size < 0 {
        let errno = Errno(rawValue: Int32(-raw.size))
        if errno == .wouldBlock || errno == .resourceTemporarilyUnavailable {
          return .success(.nothing)
        }
        return .failure(.system(errno))
      }
      if raw.size == 0 {
        if !raw.had_control { return .success(.end) }
        return .failure(.violation(ProtocolError("a packet of no bytes with a control message")))
      }
      if raw.cut {
        return .failure(
          .violation(ProtocolError("expected a packet of at most \(buffer.count) bytes")))
      }
      return .success(.packet(size: raw.size, descriptors, lost: raw.lost))
    }
    switch consume outcome {
    case .success(let received): return received
    case .failure(let error): throw error
    }
  }

  enum ReceiveError: Error {
    case system(Errno)
    case violation(ProtocolError)
  }

  /// Tells the peer that nothing more comes (shutdown(2), SHUT_WR).
  func finishSending() {
    baton_finish_sending(number)
  }

  /// Ends both directions (shutdown(2), SHUT_RDWR); who waits in a call is woken.
  func shutdown() {
    baton_shutdown(number)
  }
}
