import BatonMessages
import SystemPackage

/// One end of a connection on its loop: packets in, and frames out through its ``PacketSender``.
///
/// Sendable because its variables are touched on the loop's thread alone. Accesses to them are not
/// checked for overlapping while running: each is over before anything else is called.
final class Channel: LoopSource, @unchecked Sendable {
  let loop: EventLoop
  let socket: PacketSocket
  private let sender: PacketSender
  @exclusivity(unchecked) private var owner: Endpoint?
  /// The peer's hello has come.
  @exclusivity(unchecked) private var isGreeted = false
  /// The hello in the packet that is being read: its owner is told when it has seen the rest, as
  /// that may be a goodbye.
  @exclusivity(unchecked) private var greeting: WireHello?
  /// The peer sends no more.
  @exclusivity(unchecked) private(set) var hasInputEnded = false
  /// The sender waits for room in the socket.
  @exclusivity(unchecked) private var isAwaitingRoom = false
  @exclusivity(unchecked) private var reassembly: Reassembly
  private let limits: ChannelLimits
  private let times: ChannelTimes
  /// nil where nobody listens.
  private let metrics: ConnectionMetrics?
  /// Nil as long as nobody asks how long the peer has been silent.
  @exclusivity(unchecked) private var keepalive: Keepalive?
  @exclusivity(unchecked) private var timer: LoopTimer?

  init(
    _ socket: PacketSocket, loop: EventLoop, limits: ChannelLimits, times: ChannelTimes,
    _ metrics: ConnectionMetrics? = nil
  ) {
    self.socket = socket
    self.loop = loop
    self.limits = limits
    self.times = times
    self.metrics = metrics
    reassembly = Reassembly(
      largestMessage: limits.largestMessage, mostDescriptors: limits.mostDescriptors,
      spareBytes: loop.spare.bytes)
    sender = PacketSender(
      socket, loop: loop, largestMessage: limits.largestMessage, metrics)
  }

  /// Begins to receive, after saying hello. On the loop's thread.
  func start(_ owner: Endpoint) {
    // It may have been ended before.
    if let lost = sender.lost { return owner.ended(lost) }
    self.owner = owner
    metrics?.began()
    sender.start(self)
    try? sendControl(.hello, limits.hello)
    do {
      try loop.add(self, socket.number)
    } catch {
      return end(ConnectionError(.unreachable, "epoll_ctl", errno: error))
    }
    if let handshake = times.handshake {
      // Timers keep the channel, which cancels them when it ends. A weak reference would make every
      // count of its references cost three times as much.
      timer = loop.schedule(at: LoopClock.now &+ handshake) {
        self.end(ConnectionError(.closed, "the peer did not say hello in time"))
      }
    }
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

  /// Queues a frame with a message; a large one's long fields are sent from where they lie. From any
  /// thread.
  func send(
    _ header: FrameHeader, head: [UInt8] = [], _ message: borrowing PackedMessage
  ) throws(Refusal) {
    try sender.send(header, head: head, message)
  }

  /// Queues a frame whose message `fill` writes. From any thread.
  func send(
    _ header: FrameHeader, head: [UInt8] = [], descriptors: [Descriptor] = [],
    _ fill: (UnsafeMutableRawPointer) -> Void = { _ in }
  ) throws(Refusal) {
    try sender.send(header, head: head, descriptors: descriptors, fill)
  }

  /// Queues a frame whose head is `head`. From any thread.
  func sendControl(
    _ kind: FrameKind, call: UInt32 = 0, _ head: some Message
  ) throws(Refusal) {
    // Control messages hold no descriptors, and nothing else can fail to be written.
    guard let bytes = try? head.encoded().bytes else { return }
    let header = FrameHeader(
      kind, call: call, isLast: kind == .status, head: bytes.count, size: bytes.count)
    try send(header, head: bytes)
  }

  /// Takes no more requests, as this end begins no more calls. From any thread.
  func refuseRequests() { sender.refuseRequests() }

  /// Sends what waits for the end of the loop's turn at once where nothing else is there to send more
  /// in it. From any thread.
  func flushIfLast() { sender.flushIfLast() }

  /// Sends what waits, then tells the peer that nothing more comes. On the loop's thread.
  func finish() { sender.finish() }

  /// How much of a call's request has left.
  func departure(of call: UInt32) -> Departure { sender.departure(of: call) }

  /// Drops the requests of calls that have not left in whole, and tells which those are.
  func withdraw(_ calls: Set<UInt32>) -> [UInt32: Departure] { sender.withdraw(calls) }

  /// What the other end takes of a stream before it grants more.
  var peerWindow: StreamCredit { sender.peerWindow }

  /// What this end takes of a stream before it grants more.
  var ownWindow: StreamCredit { limits.window }

  /// Why nothing leaves any more.
  var lost: ConnectionError? { sender.lost }

  /// Whether so much waits that whoever can should wait, too.
  var isCongested: Bool { sender.isCongested }

  /// Waits until less waits to leave, or nothing leaves any more, or the task is cancelled, or
  /// `isOver`, which ``relieve()`` asks again.
  nonisolated(nonsending) func waitForRoom(unless isOver: () -> Bool) async {
    await sender.waitForRoom(unless: isOver)
  }

  /// Lets those who wait for room look again whether they shall.
  func relieve() { sender.relieve() }

  // MARK: What the sender tells, on the loop's thread

  /// A frame of this call could not leave.
  func couldNotSend(_ call: UInt32, _ error: RPCError) { owner?.couldNotSend(call, error) }

  /// Nothing can leave any more.
  func sendingFailed(_ error: ConnectionError) { end(error) }

  func writable() { sender.writable() }

  /// Whether the sender is to be told when the socket has room.
  func awaitsRoom(_ waits: Bool) {
    isAwaitingRoom = waits
    updateInterest()
  }

  /// Asks the loop for what is to be done: an end of input that has been seen would be told for ever.
  private func updateInterest() {
    loop.change(self, socket.number, readable: !hasInputEnded, writable: isAwaitingRoom)
  }

  /// Whether a part of a request has come of a call up to `last`, which is zero where there is none.
  /// On the loop's thread.
  func isReceivingRequest(of side: UInt32, upTo last: UInt32?) -> Bool {
    reassembly.contains { call in
      call & Endpoint.acceptorSide == side
        && (last.map { !CallsInFlight.isLater(call, than: $0) } ?? true)
    }
  }

  // MARK: Silence

  /// Asks a peer that has been silent for long whether it is there.
  private func watchSilence() {
    guard let interval = times.keepalive else { return }
    let now = LoopClock.now
    keepalive = Keepalive(interval: interval, patience: times.keepaliveTimeout, now: now)
    checkSilence()
  }

  private func checkSilence() {
    let now = LoopClock.now
    // A peer without calls need not read: a blocking client does not. One that sends no more cannot
    // answer.
    if owner?.hasCalls != true || hasInputEnded { keepalive?.heard(now: now) }
    switch keepalive?.check(now: now) {
    case .wait(until: let next): checkSilence(at: next)
    case .ask(then: let next):
      try? send(FrameHeader(.ping, method: now, size: 0))
      checkSilence(at: next)
    case .giveUp: end(ConnectionError(.closed, "the peer did not answer a ping in time"))
    case nil: break
    }
  }

  private func checkSilence(at time: UInt64) {
    // A ping that could not leave may have ended the channel.
    if owner == nil { return }
    timer = loop.schedule(at: time) { self.checkSilence() }
  }

  // MARK: In

  func readable() { _ = receive() }

  var expectsData: Bool { owner?.expectsData ?? false }

  func poll() -> Bool {
    sender.retry()
    // The end would be found again, which says that the peer is gone.
    return hasInputEnded ? false : receive()
  }

  /// Receives a packet. Whether one was there, or the end.
  private func receive() -> Bool {
    do throws(PacketSocket.ReceiveError) {
      let (buffer, guess) = (loop.receiveBuffer, reassembly.guess)
      switch try socket.receive(into: buffer, guess: guess, wait: false) {
      case .nothing: return false
      case .end: inputEnded()
      case .packet(let size, var descriptors, let lost):
        loop.touched(self)
        if keepalive != nil { keepalive?.heard(now: LoopClock.now) }
        metrics?.received(size, descriptors: descriptors.count)
        let inPlace = guess.map { reassembly.check($0, buffer, size) } ?? 0
        process(size, &descriptors, lost: lost, inPlace: inPlace)
        metrics?.closedUnclaimed(socket.transport.takeUnclaimed())
      }
    } catch {
      switch error {
      case .violation(let violation): violated(violation)
      // The error of a peer that left stands before what it still sent: read on.
      case .system(.connectionReset): return receive()
      case .system(let errno):
        end(ConnectionError(.closed, "receiving from the peer failed", errno: errno))
      }
    }
    return true
  }

  /// The peer sends no more. An owner that still owes answers keeps the way out open, as do those
  /// that have not left, until the peer is gone altogether, which shows as a second end.
  private func inputEnded() {
    let isFirst = !hasInputEnded
    hasInputEnded = true
    if isFirst, let owner, owner.outlivesInput(isSending: !sender.isIdle) {
      updateInterest()
      owner.inputEnded()
    } else {
      end(ConnectionError(.closed, "the peer ended the connection"))
    }
  }

  private func process(
    _ size: Int, _ descriptors: inout ReceivedDescriptors, lost: Bool, inPlace: Int
  ) {
    let packet = UnsafeRawBufferPointer(rebasing: loop.receiveBuffer[..<size])
    var frames = PacketFrames(packet, arrived: descriptors.count, lost: lost, inPlace: inPlace)
    do throws(ProtocolError) {
      defer { loop.runs(last: false) }
      while let frame = try frames.next() {
        loop.runs(last: frames.isAtEnd)
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
        frame, &descriptors, reassembly.flaw(of: frame, arrived: descriptors.count, lost: lost))
    }
  }

  /// A frame that may be the last piece of a message, or the end of one whose rest does not come.
  private func takeLast(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, lost: Bool,
    _ owner: Endpoint
  ) throws(ProtocolError) {
    let isLast = frame.header.kind == .request || frame.header.kind == .message
    if isLast, let whole = reassembly.take(frame, &descriptors, lost: lost) {
      defer {
        reassembly.recycle(whole)
        loop.spare.used(on: loop)
      }
      return try owner.received(
        Frame(header: frame.header, head: frame.head, message: whole.message), &whole.descriptors,
        whole.flaw)
    }
    if frame.header.kind == .cancel || frame.header.kind == .status {
      reassembly.drop(frame.header.call)
    }
    try owner.received(
      frame, &descriptors, reassembly.flaw(of: frame, arrived: descriptors.count, lost: lost))
  }

  private func greet(_ owner: Endpoint, _ hello: WireHello) throws(ProtocolError) {
    guard hello.oldestVersion <= 1, hello.version >= 1 else {
      throw ProtocolError(
        "expected a peer of version 1, got \(hello.oldestVersion) to \(hello.version)")
    }
    guard hello.largestPacket >= 65_536 else {
      throw ProtocolError("expected packets of at least 65536 bytes, got \(hello.largestPacket)")
    }
    sender.greeted(hello)
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
    // Where it cannot leave any more, the end says enough. It does not wait for what takes long.
    sender.dropLarge()
    try? sendControl(.goodbye, WireGoodbye(violation: error))
    sender.flush()
    end(ConnectionError(.protocolViolation, "the peer broke the protocol: \(error.fault)"))
  }

  /// Ends both directions. On the loop's thread.
  func end(_ error: ConnectionError) {
    guard sender.end(error) else { return }
    timer?.cancel()
    loop.remove(self, socket.number)
    socket.shutdown()
    reassembly.dropAll()
    let owner = owner
    self.owner = nil
    owner?.ended(error)
    if let metrics, owner != nil {
      metrics.closedUnclaimed(socket.transport.takeUnclaimed())
      metrics.ended()
    }
  }

  /// The same where nothing waits to be sent. On the loop's thread.
  func endIfAllHasLeft(_ error: ConnectionError) {
    if sender.isIdle { end(error) }
  }

  func loopEnded() {
    end(ConnectionError(.closed, "the event loop was shut down"))
  }
}
