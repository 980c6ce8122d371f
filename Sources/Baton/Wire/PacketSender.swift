import BatonMessages
import Synchronization
import SystemPackage

/// What the sending half of a channel tells its other half, on the loop's thread.
protocol PacketSenderOwner: LoopSource {
  /// A frame of this call could not leave.
  func couldNotSend(_ call: UInt32, _ error: RPCError)
  /// Nothing can leave any more.
  func sendingFailed(_ error: ConnectionError)
}

/// The sending half of a channel: frames wait, and leave in as few packets as fit.
///
/// Frames may be sent from any thread. On the loop's thread they leave together at the end of its
/// turn; elsewhere the first sender sends at once, and takes along what others add meanwhile.
///
/// Sendable because `isBlocked` and `owner`, which is set before the first frame, are touched on the
/// loop's thread alone.
final class PacketSender: LoopSource, @unchecked Sendable {
  private let socket: PacketSocket
  private let loop: EventLoop
  /// nil where nobody listens.
  private let metrics: ConnectionMetrics?
  private weak var owner: (any PacketSenderOwner)?
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
      packets.waiting - packets.waitingLarge > PacketSender.mostWaiting
        || packets.waitingLarge > max(PacketSender.mostWaiting, 4 * peer.largestMessage)
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

  init(_ socket: PacketSocket, loop: EventLoop, _ metrics: ConnectionMetrics?) {
    self.socket = socket
    self.loop = loop
    self.metrics = metrics
    socket.widenSendBuffer()
    output = Mutex(Output(packets: OutgoingPackets(largestPacket: socket.largestPacket)))
  }

  /// Called once, before the first frame.
  func start(_ owner: any PacketSenderOwner) {
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

  // MARK: Who waits

  /// What the other end takes of a stream before it grants more.
  var peerWindow: StreamCredit { output.withLock { $0.peer.window } }

  /// Why nothing leaves any more.
  var lost: ConnectionError? { output.withLock { $0.lost } }

  /// Whether so much waits that whoever can should wait, too.
  var isCongested: Bool { output.withLock { $0.packets.waiting > Self.congestion } }

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
          || output.packets.waiting <= Self.congestion
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
    if let owner { loop.change(owner, socket.number, readable: true, writable: false) }
    drain(from: beginSending(from: .blocked))
  }

  /// Tries to send where the socket was full: costs less than being woken when there is room. On the
  /// loop's thread.
  func retry() {
    if isBlocked { drain(from: beginSending(from: .blocked)) }
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
        metrics?.sent(packet.count)
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

  // MARK: Packets that cannot leave

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
      loop.execute { self.owner?.sendingFailed(failure) }
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
    if let owner { loop.change(owner, socket.number, readable: true, writable: true) }
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

  // MARK: The end

  /// Lets go of what waits. Whether this is the first end.
  func end(_ error: ConnectionError) -> Bool {
    let isFirst = output.withLock { output in
      let isFirst = output.state != .ended
      output.state = .ended
      if isFirst { output.lost = error }
      output.packets.removeAll()
      return isFirst
    }
    if isFirst { relieve() }
    return isFirst
  }

  func loopEnded() {}
}
