import BatonMessages
internal import CBaton
import Synchronization
import SystemPackage

/// What a channel tells its owner, on the loop's thread.
protocol ChannelOwner: AnyObject, Sendable {
  /// The peer's hello came.
  func greeted(_ hello: WireHello)
  /// A frame about a call. A message with a flaw is not whole.
  func received(_ frame: Frame, _ descriptors: inout ReceivedDescriptors, _ flaw: MessageFlaw?)
    throws(ProtocolError)
  func peerSaidGoodbye(_ goodbye: WireGoodbye)
  /// Whether answers are still to be sent when the peer sends no more.
  var outlivesInput: Bool { get }
  /// Whether a frame is likely to come soon.
  var expectsData: Bool { get }
  /// Whether the peer is to be there, as it waits for something or owes something.
  var hasCalls: Bool { get }
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
  /// The hello in the packet that is being read: its owner is told when it has seen the rest, as
  /// that may be a goodbye.
  @exclusivity(unchecked) private var greeting: WireHello?
  /// The peer sends no more.
  @exclusivity(unchecked) private var hasInputEnded = false
  @exclusivity(unchecked) private var reassembly: Reassembly
  private let limits: ChannelLimits
  private let times: ChannelTimes
  /// When the last packet came, as long as that is asked for, and whether a ping is not answered.
  @exclusivity(unchecked) private var lastReceived: UInt64 = 0
  @exclusivity(unchecked) private var isPinging = false
  @exclusivity(unchecked) private var timer: LoopTimer?
  /// The loop was asked to tell when there is room to send.
  @exclusivity(unchecked) private var isBlocked = false
  private let output: Mutex<Output>

  private struct Output: ~Copyable {
    var packets: OutgoingPackets
    var state = State.idle
    /// How often the kernel refused the first packet's descriptors in a row.
    var refusals = 0
    /// Nothing more is to be sent behind what waits.
    var isFinishing = false
    /// Who waits until less waits.
    var waiters: [UnsafeContinuation<Void, Never>] = []
    /// What the peer said that it takes.
    var peer = PeerLimits()
    var lost: ConnectionError?

    /// Whether so much waits that the peer seems not to read.
    var isFull: Bool {
      packets.waiting - packets.waitingLarge > Channel.mostWaiting
        || packets.waitingLarge > max(Channel.mostWaiting, 4 * peer.largestMessage)
    }

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

  /// Bytes of short messages that may wait to leave before the peer counts as one that does not
  /// read. Of large ones, four of the largest may.
  private static let mostWaiting = 16 << 20

  /// Beyond so many bytes the senders of streams wait, and go on when so few are left.
  private static let congestion = 1 << 20
  private static let relief = 256 << 10
  /// What leaves at once instead of at the end of the turn, so that the peer can begin with it.
  private static let batch = 64 << 10

  init(_ socket: PacketSocket, loop: EventLoop, limits: ChannelLimits, times: ChannelTimes) {
    self.socket = socket
    self.loop = loop
    self.limits = limits
    self.times = times
    reassembly = Reassembly(
      largestMessage: limits.largestMessage, mostDescriptors: limits.mostDescriptors)
    socket.widenSendBuffer()
    output = Mutex(Output(packets: OutgoingPackets(largestPacket: socket.largestPacket)))
  }

  /// Begins to receive, after saying hello. On the loop's thread.
  func start(_ owner: any ChannelOwner) {
    self.owner = owner
    sendHello()
    do {
      try loop.add(self, socket.number)
    } catch {
      return end(ConnectionError(.unreachable, "epoll_ctl", errno: error))
    }
    if let handshake = times.handshake {
      timer = loop.schedule(at: LoopClock.now &+ handshake) { [weak self] in
        self?.end(ConnectionError(.closed, "the peer did not say hello in time"))
      }
    }
  }

  /// Asks a peer that has been silent for long whether it is there.
  private func watchSilence() {
    guard let keepalive = times.keepalive else { return }
    lastReceived = LoopClock.now
    timer = loop.schedule(at: lastReceived &+ keepalive) { [weak self] in self?.checkSilence() }
  }

  private func checkSilence() {
    guard let keepalive = times.keepalive else { return }
    let now = LoopClock.now
    // A peer without calls need not read: a blocking client does not.
    if owner?.hasCalls != true { silenceBroken() }
    let silence = now - min(lastReceived, now)
    let next: UInt64
    if isPinging && silence >= keepalive &+ times.keepaliveTimeout {
      return end(ConnectionError(.closed, "the peer did not answer a ping in time"))
    } else if silence >= keepalive {
      if !isPinging { try? send(FrameHeader(.ping, method: now, size: 0)) }
      isPinging = true
      next = lastReceived &+ keepalive &+ times.keepaliveTimeout
    } else {
      next = lastReceived &+ keepalive
    }
    timer = loop.schedule(at: max(next, now + 1_000_000)) { [weak self] in self?.checkSilence() }
  }

  /// Nothing is asked of the time as long as silence is of no interest.
  private func silenceBroken() {
    guard times.keepalive != nil else { return }
    lastReceived = LoopClock.now
    isPinging = false
  }

  /// Tells a peer that is not to be served why, and ends the connection.
  static func refuse(_ socket: PacketSocket, _ error: RPCError, _ limits: ChannelLimits) {
    var packets = OutgoingPackets(largestPacket: socket.largestPacket)
    let goodbye = WireGoodbye(status: WireStatus(error))
    if let hello = try? limits.hello.encoded().bytes, let last = try? goodbye.encoded().bytes {
      packets.add(FrameHeader(.hello, head: hello.count, size: hello.count), head: hello)
      packets.add(FrameHeader(.goodbye, head: last.count, size: last.count), head: last)
    }
    // A peer that has left needs no reason.
    if let packet = packets.takeFirst() { try? socket.send(packet, wait: false) }
  }

  // MARK: Out

  /// Why a frame was not taken.
  enum Refusal: Error {
    case ended
    case tooLarge(Int, most: Int)
    case tooManyDescriptors(Int, most: Int)
    case peerDoesNotRead
  }

  /// Queues a frame with a message; a large one's long fields are sent from where they lie.
  func send(
    _ header: FrameHeader, head: [UInt8] = [], _ message: borrowing PackedMessage
  ) throws(Refusal) {
    if message.size >= MessageSegments.worthwhile {
      let (segments, descriptors) = (message.segments(), message.descriptors)
      try queue(header, descriptors.count) {
        $0.add(header, head: head, descriptors: descriptors, segments)
      }
    } else {
      let descriptors = message.descriptors
      try queue(header, descriptors.count) { packets in
        packets.add(header, head: head, descriptors: descriptors) { message.write(to: $0) }
      }
    }
  }

  /// Queues a frame whose message `fill` writes.
  func send(
    _ header: FrameHeader, head: [UInt8] = [], descriptors: [Descriptor] = [],
    _ fill: (UnsafeMutableRawPointer) -> Void = { _ in }
  ) throws(Refusal) {
    try queue(header, descriptors.count) {
      $0.add(header, head: head, descriptors: descriptors, fill)
    }
  }

  private func queue(
    _ header: FrameHeader, _ descriptors: Int, _ add: (inout OutgoingPackets) -> Void
  ) throws(Refusal) {
    let isOnLoop = loop.isCurrent
    let result: Result<Step, Refusal> = output.withLock { output in
      if output.state == .ended { return .failure(.ended) }
      if header.size - header.head > output.peer.largestMessage {
        return .failure(.tooLarge(header.size - header.head, most: output.peer.largestMessage))
      }
      if descriptors > output.peer.mostDescriptors {
        return .failure(.tooManyDescriptors(descriptors, most: output.peer.mostDescriptors))
      }
      if output.isFull { return .failure(.peerDoesNotRead) }
      if header.kind == .cancel { output.packets.drop(header.call) }
      add(&output.packets)
      switch output.state {
      case .idle where isOnLoop:
        output.state = .scheduled
        return .success(.flushLater)
      case .idle:
        output.state = .sending
        return .success(.drain)
      case .scheduled where isOnLoop && output.packets.waiting > Self.batch:
        return .success(.flush)
      default: return .success(.nothing)
      }
    }
    switch try result.get() {
    case .flushLater: loop.flushLater(self)
    case .drain: drain(from: nextPacket(after: nil))
    case .flush: flush()
    case .nothing: break
    }
  }

  /// What is to be done about a frame that was queued.
  private enum Step {
    case flushLater, drain, flush, nothing
  }

  /// What the other end takes of a stream before it grants more.
  var peerWindow: StreamCredit { output.withLock { $0.peer.window } }

  /// What this end takes of a stream before it grants more.
  var ownWindow: StreamCredit { limits.window }

  /// Why nothing leaves any more.
  var lost: ConnectionError? { output.withLock { $0.lost } }

  /// Whether so much waits that whoever can should wait, too.
  var isCongested: Bool { output.withLock { $0.packets.waiting > Self.congestion } }

  /// Waits until less waits to leave, or nothing leaves any more, or the task is cancelled.
  nonisolated(nonsending) func waitForRoom() async {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { waiter in
        let isReady = output.withLock { output in
          if Task.isCancelled || output.state == .ended
            || output.packets.waiting <= Self.congestion
          {
            return true
          }
          output.waiters.append(waiter)
          return false
        }
        if isReady { waiter.resume() }
      }
    } onCancel: {
      relieve()
    }
  }

  private func relieve() {
    let waiters = output.withLock { output in
      defer { output.waiters = [] }
      return output.waiters
    }
    for waiter in waiters { waiter.resume() }
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
    isBlocked = false
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
    let (packet, hasRoom) = output.withLock { output in
      if let sent {
        output.packets.recycle(sent)
        output.refusals = 0
      }
      let packet = takeNext(&output)
      return (packet, !output.waiters.isEmpty && output.packets.waiting <= Self.relief)
    }
    if hasRoom { relieve() }
    return packet
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
      relieve()
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
    isBlocked = output.withLock { $0.state == .blocked }
    if !isBlocked { return }
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
      let call = packet.lastCall
      output.withLock { output in
        output.refusals = 0
        output.packets.drop(call)
      }
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
    let hello = limits.hello
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
    try send(header, head: bytes)
  }

  // MARK: In

  func readable() { _ = poll() }

  var expectsData: Bool { owner?.expectsData ?? false }

  func poll() -> Bool {
    // Trying to send costs less than being woken when there is room.
    if isBlocked { drain(from: beginSending(from: .blocked)) }
    do throws(PacketSocket.ReceiveError) {
      switch try socket.receive(into: loop.receiveBuffer, wait: false) {
      case .nothing: return false
      case .end: inputEnded()
      case .packet(let size, var descriptors, let lost):
        loop.touched(self)
        silenceBroken()
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
      if let hello = greeting {
        greeting = nil
        owner?.greeted(hello)
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
    case .ping:
      if frame.header.isLast { return }
      try? send(FrameHeader(.ping, method: frame.header.method, isLast: true, size: 0))
    case .fragment:
      try reassembly.add(frame, &descriptors, lost: lost)
    case _ where !reassembly.isEmpty:
      try takeLast(frame, &descriptors, lost: lost, owner)
    default:
      try owner.received(
        frame, &descriptors,
        lost ? .descriptorsLost(frame.header.descriptors, descriptors.count) : nil)
    }
  }

  /// A frame that may be the last piece of a message, or the end of one whose rest does not come.
  private func takeLast(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, lost: Bool,
    _ owner: any ChannelOwner
  ) throws(ProtocolError) {
    let isLast = frame.header.kind == .request || frame.header.kind == .message
    if isLast, let whole = reassembly.take(frame, &descriptors, lost: lost) {
      defer { reassembly.recycle(whole) }
      return try owner.received(
        Frame(header: frame.header, head: frame.head, message: whole.bytes), &whole.descriptors,
        whole.flaw)
    }
    if frame.header.kind == .cancel || frame.header.kind == .status {
      reassembly.drop(frame.header.call)
    }
    try owner.received(
      frame, &descriptors,
      lost ? .descriptorsLost(frame.header.descriptors, descriptors.count) : nil)
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
      output.peer = PeerLimits(hello)
    }
    timer?.cancel()
    watchSilence()
    greeting = hello
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
      if isFirst { output.lost = error }
      output.packets.removeAll()
      return isFirst
    }
    guard isFirst else { return }
    timer?.cancel()
    relieve()
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
