import BatonMessages
import Synchronization
import SystemPackage

/// The sending half of a channel: frames wait, and leave in as few packets as fit.
///
/// Frames may be sent from any thread. On the loop's thread they leave together at the end of its
/// turn, or by ``flushIfLast()`` before; elsewhere the first sender sends at once, and takes along what
/// others add meanwhile.
///
/// Of a message that takes long little is under way at a time, so that a short frame finds the socket
/// nearly empty whatever else the connection carries; and a turn sends one fragment of it, so that
/// what comes in is read between them.
///
/// Sendable because `awaitsRoom` and `owner`, which is set before the first frame, are touched on the
/// loop's thread alone.
final class PacketSender: LoopSource, @unchecked Sendable {
  private let socket: PacketSocket
  let loop: EventLoop
  /// nil where nobody listens.
  private let metrics: ConnectionMetrics?
  /// Let go at the end.
  @exclusivity(unchecked) private(set) var owner: Channel?
  /// The loop was asked to tell when there is room to send.
  @exclusivity(unchecked) private var awaitsRoom = false
  let output: Mutex<SenderOutput>

  /// Bytes of large messages that leave in one turn; of those that take long.
  private static let turn = 1 << 20
  private static let turnOfLong = 64 << 10

  /// `largestMessage` bounds what waits, whatever the peer says that it takes.
  init(
    _ socket: PacketSocket, loop: EventLoop, largestMessage: Int, _ metrics: ConnectionMetrics?
  ) {
    self.socket = socket
    self.loop = loop
    self.metrics = metrics
    socket.widenSendBuffer()
    output = Mutex(
      SenderOutput(
        packets: OutgoingPackets(largestPacket: socket.largestPacket),
        largestMessage: largestMessage))
  }

  /// Called once, before the first frame.
  func start(_ owner: Channel) {
    self.owner = owner
  }

  /// What the peer takes is known now.
  func greeted(_ hello: WireHello) {
    output.withLock { output in
      output.packets.largestPacket = min(output.packets.largestPacket, Int(hello.largestPacket))
      output.peer = PeerLimits(hello)
    }
  }

  // MARK: Frames

  /// Queues a frame with a message; a large one's long fields are sent from where they lie.
  func send(
    _ header: FrameHeader, head: [UInt8] = [], _ message: borrowing PackedMessage
  ) throws(Channel.Refusal) {
    do throws(Channel.Refusal) {
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
    } catch {
      throw error.located(in: message)
    }
  }

  /// Queues a frame whose message `fill` writes.
  func send(
    _ header: FrameHeader, head: [UInt8] = [], descriptors: [Descriptor] = [],
    _ fill: (UnsafeMutableRawPointer) -> Void = { _ in }
  ) throws(Channel.Refusal) {
    try queue(header, descriptors.count) {
      $0.add(header, head: head, descriptors: descriptors, fill)
    }
  }

  private func queue(
    _ header: FrameHeader, _ descriptors: Int, _ add: (inout OutgoingPackets) -> Void
  ) throws(Channel.Refusal) {
    let isOnLoop = loop.isCurrent
    let result: Result<Step, Channel.Refusal> = output.withLock { output in
      if let refusal = output.refusal(of: header, descriptors) { return .failure(refusal) }
      if header.kind == .cancel { output.packets.drop(header.call) }
      add(&output.packets)
      output.frames += 1
      if output.isCongested && output.lastProgress == 0 { output.lastProgress = LoopClock.now }
      switch output.state {
      case .idle where isOnLoop, .paced where isOnLoop:
        output.state = .scheduled
        return .success(.flushLater)
      case .idle, .paced:
        output.state = .sending
        return .success(.drain)
      case .scheduled where isOnLoop && output.isWorthSending: return .success(.flush)
      // Who adds much in one turn gives the peer the chance to read meanwhile.
      case .blocked where isOnLoop && output.isCongested:
        output.state = .sending
        return .success(.drain)
      default: return .success(.nothing)
      }
    }
    switch try result.get() {
    case .flushLater: loop.flushLater(self)
    case .drain: drain()
    case .flush: flush()
    case .nothing: break
    }
  }

  /// Sends what waits for the end of the loop's turn at once where nothing else is there to send more
  /// in it, so that the peer begins while this end still tidies up.
  func flushIfLast() {
    if loop.isCurrent && loop.takeLastWord() { flush() }
  }

  /// Takes no more requests. From any thread.
  func refuseRequests() { output.withLock { $0.refusesRequests = true } }

  /// How much of a call's request has left.
  func departure(of call: UInt32) -> Departure {
    output.withLock { $0.departure(of: call) }
  }

  /// Drops the requests of calls that have not left in whole, and tells which those are.
  func withdraw(_ calls: Set<UInt32>) -> [UInt32: Departure] {
    output.withLock { output in
      let withdrawn = output.packets.requests.filter { calls.contains($0.key) }
      output.packets.dropAll(of: Set(withdrawn.keys))
      return withdrawn
    }
  }

  /// Drops messages that leave in fragments.
  func dropLarge() { output.withLock { $0.dropLarge() } }

  /// What is to be done about a frame that was queued.
  private enum Step {
    case flushLater, drain, flush, nothing
  }

  // MARK: Who waits

  /// What the other end takes of a stream before it grants more.
  var peerWindow: StreamCredit { output.withLock { $0.peer.window } }

  /// Why nothing leaves any more.
  var lost: ConnectionError? { output.withLock { $0.lost } }

  /// Whether so much waits that whoever can should wait, too.
  var isCongested: Bool { output.withLock { $0.isCongested } }

  /// Waits until less waits to leave, or nothing leaves any more, or the task is cancelled, or
  /// `isOver`, which ``relieve()`` asks again.
  nonisolated(nonsending) func waitForRoom(unless isOver: () -> Bool) async {
    await withTaskCancellationHandler {
      while await waitOnce(unless: isOver) {}
    } onCancel: {
      relieve()
    }
  }

  /// Whether to look again. A function of its own: with the loop around it Swift 6.3.1 crashes.
  nonisolated(nonsending) private func waitOnce(unless isOver: () -> Bool) async -> Bool {
    var hasWaited = false
    await withUnsafeContinuation { waiter in
      let isReady = output.withLock { output in
        if Task.isCancelled || isOver() || output.state == .ended
          || !output.isCongested
        {
          return true
        }
        hasWaited = true
        output.waiters.append(waiter)
        return false
      }
      if isReady { waiter.resume() }
    }
    return hasWaited
  }

  /// Lets those who wait for room look again whether they shall.
  func relieve() {
    let waiters = output.withLock { output in
      defer { output.waiters = [] }
      return output.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  // MARK: Packets

  func readable() {}

  func flush() {
    drain(from: .scheduled)
  }

  /// Whether all has left.
  var isIdle: Bool { output.withLock { $0.state == .idle } }

  /// Sends what waits, then tells the peer that nothing more comes. On the loop's thread.
  func finish() {
    let isDone = output.withLock { output in
      output.isFinishing = true
      return output.state == .idle
    }
    if isDone { socket.finishSending() } else { flush() }
  }

  func writable() {
    retry()
    updateInterest()
  }

  /// Tries to send where the socket was full: costs less than being woken when there is room. On the
  /// loop's thread.
  func retry() {
    if awaitsRoom, begin(from: { $0 == .blocked || $0 == .paced }) { drain() }
  }

  /// On the loop's thread.
  func updateInterest() {
    let waits = output.withLock { $0.state == .blocked || $0.state == .paced }
    if waits == awaitsRoom { return }
    awaitsRoom = waits
    owner?.awaitsRoom(waits)
  }

  /// Whether the output was in such a state, and is being sent now.
  func begin(from isRight: (SenderOutput.State) -> Bool) -> Bool {
    output.withLock { output in
      guard isRight(output.state) else { return false }
      output.state = .sending
      return true
    }
  }

  /// Sends what waits, until the socket is full or the turn has had enough; if the output is in this
  /// state, or, where none is given, has been found fit to be sent.
  func drain(from state: SenderOutput.State = .sending) {
    var sent: OutgoingPacket?
    var ofLarge = 0
    var state = state
    while let packet = nextPacket(after: sent, ofLarge, from: state) {
      state = .sending
      do {
        try socket.send(packet, wait: false)
        metrics?.sent(packet.count)
        if packet.isPiece { ofLarge += packet.count }
        sent = packet
      } catch {
        sent = nil
        if !retry(packet, after: error) { return }
      }
    }
  }

  /// The packet that leaves next; nil when there is none, or none may leave now.
  private func nextPacket(
    after sent: OutgoingPacket?, _ ofLarge: Int, from state: SenderOutput.State
  ) -> OutgoingPacket? {
    let turnSent = ofLarge > 0 && loop.isCurrent ? ofLarge : 0
    let (packet, step, hasRoom): (OutgoingPacket?, Pause, Bool) = output.withLock { output in
      guard output.state == state else { return (nil, .nothing, false) }
      output.state = .sending
      if let sent {
        output.packets.recycle(sent)
        output.refusals = 0
        // The time costs something, so only where it counts.
        if output.lastProgress != 0 { output.lastProgress = output.isCongested ? LoopClock.now : 0 }
      }
      let (packet, step) = takeNext(&output, turnSent)
      return (packet, step, output.hasRoomForWaiters)
    }
    if hasRoom { relieve() }
    switch step {
    case .nothing: break
    case .flushLater: loop.flushLater(self)
    case .awaitRoom: loop.execute { self.updateInterest() }
    }
    return packet
  }

  private enum Pause {
    case nothing, flushLater, awaitRoom
  }

  private func takeNext(_ output: inout SenderOutput, _ turnSent: Int) -> (OutgoingPacket?, Pause) {
    var turnIsOver = false
    let next = output.packets.takeFirst { isOfLong in
      turnIsOver = turnSent >= (isOfLong ? Self.turnOfLong : Self.turn)
      return !turnIsOver && (!isOfLong || socket.hasRoomForFragment)
    }
    if output.isNarrow != output.packets.hasLong {
      output.isNarrow.toggle()
      socket.narrowSendBuffer(output.isNarrow)
    }
    output.frames = 0
    if let next { return (next, .nothing) }
    if output.packets.isEmpty {
      output.state = .idle
      if output.isFinishing { socket.finishSending() }
      return (nil, .nothing)
    }
    output.state = turnIsOver ? .scheduled : .paced
    return (nil, turnIsOver ? .flushLater : .awaitRoom)
  }

  // MARK: The end

  /// Lets go of what waits, and of the owner. Whether this is the first end. On the loop's thread.
  func end(_ error: ConnectionError) -> Bool {
    let isFirst = output.withLock { output in
      let isFirst = output.state != .ended
      output.state = .ended
      if isFirst { output.lost = error }
      output.dropAll()
      return isFirst
    }
    owner = nil
    if isFirst { relieve() }
    return isFirst
  }

  func loopEnded() {}
}
