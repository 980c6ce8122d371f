import BatonMessages
internal import CBaton
import Synchronization
import SystemPackage

/// What a channel tells its owner, on the loop's thread.
protocol ChannelOwner: AnyObject, Sendable {
  /// The peer's hello came.
  func greeted(_ hello: WireHello)
  /// A frame about a call. `lost`: descriptors that belong to it did not arrive.
  func received(_ frame: Frame, _ descriptors: inout ReceivedDescriptors, lost: Bool)
    throws(ProtocolError)
  func peerSaidGoodbye(_ goodbye: WireGoodbye)
  /// Whether answers are still to be sent when the peer sends no more.
  var outlivesInput: Bool { get }
  /// Whether a frame is likely to come soon.
  var expectsData: Bool { get }
  /// A frame of this call could not leave.
  func couldNotSend(_ call: UInt32, _ error: RPCError)
  /// Nothing comes or goes any more. Called once.
  func ended(_ error: ConnectionError)
}

/// One end of a connection on its loop: packets in, frames out.
///
/// Frames may be sent from any thread. On the loop's thread they leave together at the end of its
/// turn; elsewhere the first sender sends at once, and takes along what others add meanwhile.
///
/// Sendable because its variables are touched on the loop's thread alone. Accesses to them are not
/// checked for overlapping while running: each is over before anything else is called.
final class Channel: LoopSource, @unchecked Sendable {
  let socket: PacketSocket
  let loop: EventLoop
  @exclusivity(unchecked) private var owner: (any ChannelOwner)?
  /// The peer's hello has come.
  @exclusivity(unchecked) private var isGreeted = false
  /// The peer sends no more.
  @exclusivity(unchecked) private var hasInputEnded = false
  private let output: Mutex<Output>

  private struct Output: ~Copyable {
    var packets: OutgoingPackets
    var state = State.idle
    /// How often the kernel refused the first packet's descriptors in a row.
    var refusals = 0
    /// Nothing more is to be sent behind what waits.
    var isFinishing = false

    enum State {
      case idle
      /// The loop will flush at the end of its turn.
      case scheduled
      case sending
      /// The socket is full; the loop waits until it is not.
      case blocked
      case ended
    }
  }

  /// Bytes that may wait to leave before the peer counts as one that does not read.
  private static let mostWaiting = 16 << 20

  /// SCM_MAX_FD.
  static let mostDescriptors = Int(BATON_PACKET_DESCRIPTORS)

  init(_ socket: PacketSocket, loop: EventLoop) {
    self.socket = socket
    self.loop = loop
    output = Mutex(Output(packets: OutgoingPackets(largestPacket: socket.largestPacket)))
  }

  /// Begins to receive, after saying hello. On the loop's thread.
  func start(_ owner: any ChannelOwner) {
    self.owner = owner
    sendHello()
    do {
      try loop.add(self, socket.number)
    } catch {
      end(ConnectionError(.unreachable, "epoll_ctl", errno: error))
    }
  }

  // MARK: Out

  /// Why a frame was not taken.
  enum Refusal: Error {
    case ended
    case tooLarge(most: Int)
    case tooManyDescriptors(Int)
    case peerDoesNotRead
  }

  /// Queues a frame whose body `fill` writes.
  func send(
    _ header: FrameHeader, descriptors: [Descriptor] = [],
    _ fill: (UnsafeMutableRawPointer) -> Void = { _ in }
  ) throws(Refusal) {
    let isOnLoop = loop.isCurrent
    let result: Result<Output.State, Refusal> = output.withLock { output in
      if output.state == .ended { return .failure(.ended) }
      if header.size > output.packets.largestBody {
        return .failure(.tooLarge(most: output.packets.largestBody))
      }
      if descriptors.count > Self.mostDescriptors {
        return .failure(.tooManyDescriptors(descriptors.count))
      }
      if output.packets.waiting > Self.mostWaiting { return .failure(.peerDoesNotRead) }
      fill(output.packets.add(header, descriptors: descriptors))
      guard output.state == .idle else { return .success(.idle) }
      output.state = isOnLoop ? .scheduled : .sending
      return .success(output.state)
    }
    switch try result.get() {
    case .scheduled: loop.flushLater(self)
    case .sending: drain(from: nextPacket(after: nil))
    default: break
    }
  }

  func flush() {
    drain(from: beginSending(from: .scheduled))
  }

  /// Sends what waits, then tells the peer that nothing more comes. On the loop's thread.
  func finish() {
    let isDone = output.withLock { output in
      output.isFinishing = true
      return output.state == .idle
    }
    if isDone { socket.finishSending() } else { flush() }
  }

  func writable() {
    loop.change(self, socket.number, readable: true, writable: false)
    drain(from: beginSending(from: .blocked))
  }

  /// The first packet to send, if the output was in `state`.
  private func beginSending(from state: Output.State) -> OutgoingPacket? {
    output.withLock { output in
      guard output.state == state else { return nil }
      output.state = .sending
      return takeNext(&output)
    }
  }

  /// Sends `first` and what waits behind it, until the socket is full.
  private func drain(from first: OutgoingPacket?) {
    var next = first
    while let packet = next {
      do {
        try socket.send(packet, wait: false)
        next = nextPacket(after: packet)
      } catch {
        if !retry(packet, after: error) { return }
        next = nextPacket(after: nil)
      }
    }
  }

  private func nextPacket(after sent: OutgoingPacket?) -> OutgoingPacket? {
    output.withLock { output in
      if let sent {
        output.packets.recycle(sent)
        output.refusals = 0
      }
      return takeNext(&output)
    }
  }

  /// The packet that leaves next; nil, and the output idle, when there is none.
  private func takeNext(_ output: inout Output) -> OutgoingPacket? {
    if output.state == .ended { return nil }
    let packet = output.packets.takeFirst()
    if packet == nil {
      output.state = .idle
      if output.isFinishing { socket.finishSending() }
    }
    return packet
  }

  /// Deals with a packet that could not leave. Whether sending goes on.
  private func retry(_ packet: OutgoingPacket, after error: Errno) -> Bool {
    switch error {
    case .wouldBlock, .resourceTemporarilyUnavailable:
      block(packet)
      loop.execute { self.awaitRoom() }
      return false
    case .tooManyReferences, .noBufferSpace, .noMemory:
      return backOff(packet, error)
    case .brokenPipe, .connectionReset, .socketNotConnected:
      // What the peer sent before it left is still to be read: the end comes from there.
      output.withLock { output in
        output.packets.removeAll()
        if output.state != .ended { output.state = .idle }
      }
      return false
    default:
      let failure = ConnectionError(.closed, "sending to the peer failed", errno: error)
      loop.execute { self.end(failure) }
      return false
    }
  }

  private func block(_ packet: OutgoingPacket) {
    output.withLock { output in
      if output.state == .ended { return }
      output.packets.putBack(packet)
      output.state = .blocked
    }
  }

  private func awaitRoom() {
    guard output.withLock({ $0.state == .blocked }) else { return }
    loop.change(self, socket.number, readable: true, writable: true)
  }

  /// The kernel bounds the descriptors a user has in flight over all processes (ETOOMANYREFS), and
  /// memory: waits longer each time, then fails the frame's call. Whether sending goes on.
  private func backOff(_ packet: OutgoingPacket, _ error: Errno) -> Bool {
    let refusals = output.withLock { output in
      output.refusals += 1
      return output.refusals
    }
    guard refusals <= 8 else {
      output.withLock { $0.refusals = 0 }
      let call = packet.lastCall
      packet.dropLastFrame()
      if packet.count > 0 { block(packet) }
      loop.execute { self.giveUp(call, error, hasRest: packet.count > 0) }
      return packet.count == 0
    }
    block(packet)
    let later = LoopClock.now + UInt64(1_000_000) << UInt64(refusals)
    _ = loop.schedule(at: later) { self.writable() }
    return false
  }

  private func giveUp(_ call: UInt32, _ error: Errno, hasRest: Bool) {
    let failure = RPCError(
      .resourceExhausted, "the kernel takes no more descriptors in flight: \(error)")
    owner?.couldNotSend(call, failure)
    if hasRest { writable() }
  }

  private func sendHello() {
    let hello = WireHello(
      version: 1, oldestVersion: 1, largestPacket: UInt32(LoopCore.receiveCapacity),
      mostDescriptors: 253)
    try? sendControl(.hello, hello)
  }

  /// Queues a frame whose head is `head`.
  func sendControl(
    _ kind: FrameKind, call: UInt32 = 0, _ head: some Message
  ) throws(Refusal) {
    // Control messages hold no descriptors, and nothing else can fail to be written.
    guard let bytes = try? head.encoded().bytes else { return }
    let header = FrameHeader(
      kind, call: call, isLast: kind == .status, head: bytes.count, size: bytes.count)
    try send(header) { $0.copyBytes(bytes) }
  }

  // MARK: In

  func readable() { _ = poll() }

  var expectsData: Bool { owner?.expectsData ?? false }

  func poll() -> Bool {
    do throws(PacketSocket.ReceiveError) {
      switch try socket.receive(into: loop.receiveBuffer, wait: false) {
      case .nothing: return false
      case .end: inputEnded()
      case .packet(let size, var descriptors, let lost):
        loop.touched(self)
        process(size, &descriptors, lost: lost)
      }
    } catch {
      switch error {
      case .violation(let violation): violated(violation)
      // The error of a peer that left stands before what it still sent: read on.
      case .system(.connectionReset): return poll()
      case .system(let errno):
        end(ConnectionError(.closed, "receiving from the peer failed", errno: errno))
      }
    }
    return true
  }

  /// The peer sends no more. An owner that still owes answers keeps the way out open, until the
  /// peer is gone altogether, which shows as a second end.
  private func inputEnded() {
    let isFirst = !hasInputEnded
    hasInputEnded = true
    if isFirst, owner?.outlivesInput == true {
      loop.change(self, socket.number, readable: false, writable: false)
    } else {
      end(ConnectionError(.closed, "the peer ended the connection"))
    }
  }

  private func process(_ size: Int, _ descriptors: inout ReceivedDescriptors, lost: Bool) {
    let packet = UnsafeRawBufferPointer(rebasing: loop.receiveBuffer[..<size])
    var frames = PacketFrames(packet, arrived: descriptors.count, lost: lost)
    do throws(ProtocolError) {
      while let frame = try frames.next() {
        if frame.header.descriptors > 0 {
          try take(frame, &descriptors, lost: lost)
        } else {
          var none = ReceivedDescriptors()
          try take(frame, &none, lost: false)
        }
      }
    } catch {
      violated(error)
    }
  }

  private func take(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, lost: Bool
  ) throws(ProtocolError) {
    guard let owner else { return }
    let wasGreeted = isGreeted
    isGreeted = true
    switch frame.header.kind {
    case .hello:
      if wasGreeted { throw ProtocolError("a second hello") }
      try greet(owner, try Self.decode(frame.head))
    case _ where !wasGreeted:
      throw ProtocolError(
        "expected a hello first, got a frame of kind \(frame.header.kind.rawValue)")
    case .goodbye:
      owner.peerSaidGoodbye(try Self.decode(frame.head))
    default:
      try owner.received(frame, &descriptors, lost: lost)
    }
  }

  private func greet(_ owner: any ChannelOwner, _ hello: WireHello) throws(ProtocolError) {
    guard hello.oldestVersion <= 1, hello.version >= 1 else {
      throw ProtocolError(
        "expected a peer of version 1, got \(hello.oldestVersion) to \(hello.version)")
    }
    guard hello.largestPacket >= 65_536 else {
      throw ProtocolError("expected packets of at least 65536 bytes, got \(hello.largestPacket)")
    }
    output.withLock { output in
      output.packets.largestPacket = min(output.packets.largestPacket, Int(hello.largestPacket))
    }
    owner.greeted(hello)
  }

  /// A frame's head as the message it must be.
  static func decode<Head: Message>(_ head: UnsafeRawBufferPointer) throws(ProtocolError) -> Head {
    var none = ReceivedDescriptors()
    do throws(CodecError) {
      return try Head(unpacking: head, descriptors: &none)
    } catch {
      throw ProtocolError("the head of a frame is not a \(Head.layout.name): \(error)")
    }
  }

  // MARK: The end

  private func violated(_ error: ProtocolError) {
    // Where it cannot leave any more, the end says enough.
    try? sendControl(
      .goodbye,
      WireGoodbye(
        status: WireStatus(code: RPCError.Code.internal.rawValue, message: error.fault)))
    flush()
    end(ConnectionError(.protocolViolation, "the peer broke the protocol: \(error.fault)"))
  }

  /// Ends both directions. On the loop's thread.
  func end(_ error: ConnectionError) {
    let isFirst = output.withLock { output in
      let isFirst = output.state != .ended
      output.state = .ended
      output.packets.removeAll()
      return isFirst
    }
    guard isFirst else { return }
    loop.remove(self, socket.number)
    socket.shutdown()
    let owner = owner
    self.owner = nil
    owner?.ended(error)
  }

  func loopEnded() {
    end(ConnectionError(.closed, "the event loop was shut down"))
  }
}
