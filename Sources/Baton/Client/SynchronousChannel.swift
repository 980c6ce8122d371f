import BatonMessages
internal import CBaton
import Logging
import SystemPackage

/// One end of a connection on its caller's thread: packets out and in, each when it is asked for.
struct SynchronousChannel: ~Copyable, Sendable {
  let socket: PacketSocket
  private let buffer = PacketBuffer()
  /// What is to be sent next.
  var output: OutgoingPackets
  private var reassembly: Reassembly
  private var polling: PollingPolicy
  private(set) var lost: ConnectionError?
  private var aside = Aside()
  private let logger: Logger
  /// nil where nobody listens.
  private let metrics: ConnectionMetrics?

  /// What the server said that is not about a call of this end.
  private struct Aside {
    /// To be answered.
    var pings: [UInt64] = []
    /// Calls of the server, which are to be refused.
    var requests: [UInt32] = []
    var goodbye: WireGoodbye?

    var wantsAnswers: Bool { !pings.isEmpty || !requests.isEmpty }
  }

  init(
    _ socket: PacketSocket, _ options: ConnectionOptions, _ logger: Logger,
    _ metrics: ConnectionMetrics?
  ) {
    self.socket = socket
    self.logger = logger
    self.metrics = metrics
    metrics?.began()
    polling = PollingPolicy(options.loopOptions.polling)
    let limits = options.channelLimits
    socket.widenSendBuffer()
    output = OutgoingPackets(largestPacket: socket.largestPacket)
    reassembly = Reassembly(
      largestMessage: limits.largestMessage, mostDescriptors: limits.mostDescriptors)
  }

  /// What was to be sent last could not leave, as the server takes nothing any more.
  private(set) var hasUnsent = false

  /// Bytes of answers that may wait beside a request.
  private static let mostWaiting = 16 << 20

  /// What the server said when it said that it takes no more calls.
  var goodbye: WireGoodbye? { aside.goodbye }

  // MARK: Out

  /// Sends what is queued. What the server sent before it left may still be read, so that it left is
  /// found when receiving.
  mutating func send(by deadline: UInt64?) throws(RPCError) {
    var refusals: Int64 = 0
    hasUnsent = false
    while let packet = output.takeFirst() {
      let errno = trySending(packet, wait: deadline == nil)
      switch errno {
      case nil, .brokenPipe, .connectionReset:
        hasUnsent = errno != nil
        output.recycle(packet)
        if !output.isEmpty { try checkTime(deadline) }
        continue
      case .wouldBlock:
        // First, as the wait may be in vain, and what waits is not this call's alone.
        output.putBack(packet)
        try wait(writable: true, by: deadline)
        continue
      case .tooManyReferences?, .noBufferSpace?, .noMemory?:
        if refusals == 8, let errno { throw drop(packet, errno) }
        refusals += 1
        baton_sleep(1_000_000 << refusals)
        if Self.isOver(deadline) {
          output.putBack(packet)
          throw Self.tooLate
        }
      case let errno? where errno.isAboutDescriptors && !packet.descriptors.isEmpty:
        throw drop(packet, errno)
      case let errno:
        lose(ConnectionError(.closed, "sending to the server failed", errno: errno))
        throw unavailable()
      }
      output.putBack(packet)
    }
  }

  /// Drops the packet's last frame, and what waits of the same call: without it that would be another
  /// message than was written. What its call fails with.
  private mutating func drop(_ packet: OutgoingPacket, _ errno: Errno) -> RPCError {
    output.drop(packet.lastCall)
    packet.dropLastFrame()
    if packet.count > 0 { output.putBack(packet) } else { output.recycle(packet) }
    return RPCError(unsent: errno)
  }

  private func trySending(_ packet: OutgoingPacket, wait: Bool) -> Errno? {
    do throws(Errno) {
      try socket.send(packet, wait: wait)
      metrics?.sent(packet.count)
      return nil
    } catch {
      return error
    }
  }

  typealias Take<Value: ~Copyable> =
    (Frame, inout ReceivedDescriptors, MessageFlaw?) throws(ProtocolError) -> Value?

  /// Receives frames until `take` makes something of one, or `isRefused` something of a goodbye.
  mutating func receive<Value: ~Copyable>(
    by deadline: UInt64?, unless isRefused: (WireGoodbye) -> RPCError? = { _ in nil },
    _ take: Take<Value>
  ) throws(RPCError) -> Value {
    while true {
      var packet = try nextPacket(by: deadline)
      do throws(ProtocolError) {
        if let value = try Self.read(buffer.memory, &packet, &reassembly, &aside, take) {
          answerAside()
          return value
        }
      } catch {
        throw violated(error)
      }
      answerAside()
      if let goodbye = aside.goodbye, let error = isRefused(goodbye) { throw error }
      // A server that sends without end must not keep the call from ending.
      try checkTime(deadline)
    }
  }

  private struct Packet: ~Copyable {
    let size: Int
    var descriptors: ReceivedDescriptors
    let lost: Bool
    let inPlace: Int
  }

  private static func read<Value: ~Copyable>(
    _ memory: UnsafeMutableRawBufferPointer, _ packet: inout Packet,
    _ reassembly: inout Reassembly, _ aside: inout Aside, _ take: Take<Value>
  ) throws(ProtocolError) -> Value? {
    var value: Value?
    var frames = PacketFrames(
      UnsafeRawBufferPointer(rebasing: memory[..<packet.size]), arrived: packet.descriptors.count,
      lost: packet.lost, inPlace: packet.inPlace)
    while let frame = try frames.next() {
      if try note(frame, &aside) { continue }
      // Behind the answer come at most pieces of messages, and answers to calls that were given up.
      if value != nil {
        try pass(frame, &packet, &reassembly)
      } else if frame.header.descriptors > 0 {
        value = try read(frame, &packet.descriptors, packet.lost, &reassembly, take)
      } else {
        var none = ReceivedDescriptors()
        value = try read(frame, &none, false, &reassembly, take)
      }
    }
    return value
  }

  /// Keeps a frame's part of a message that comes in pieces, and drops all else.
  private static func pass(
    _ frame: Frame, _ packet: inout Packet, _ reassembly: inout Reassembly
  ) throws(ProtocolError) {
    let none: Take<Bool> = { _, _, _ throws(ProtocolError) in nil }
    if frame.header.descriptors > 0 {
      _ = try read(frame, &packet.descriptors, packet.lost, &reassembly, none)
    } else {
      var descriptors = ReceivedDescriptors()
      _ = try read(frame, &descriptors, false, &reassembly, none)
    }
  }

  /// Whether the frame is about no call of this end, and remembered if it wants an answer.
  private static func note(
    _ frame: Frame, _ aside: inout Aside
  ) throws(ProtocolError) -> Bool {
    switch frame.header.kind {
    case .ping:
      if !frame.header.isLast { aside.pings.append(frame.header.method) }
      return true
    case .goodbye:
      aside.goodbye = try Channel.decode(frame.head)
      return true
    default: break
    }
    // What follows the request of a call that is refused is dropped.
    if frame.header.call & Endpoint.acceptorSide == 0 { return false }
    if frame.header.kind == .request { aside.requests.append(frame.header.call) }
    return true
  }

  /// Answers what the server asked beside the call.
  private mutating func answerAside() {
    if !aside.wantsAnswers { return }
    for number in aside.pings {
      output.add(FrameHeader(.ping, method: number, isLast: true, size: 0))
    }
    for call in aside.requests {
      addControl(.status, call: call, WireStatus(Endpoint.servesNothing))
    }
    aside.pings = []
    aside.requests = []
    sendNow()
    if output.waiting > Self.mostWaiting {
      lose(ConnectionError(.closed, "the server asks, and does not read the answers"))
    }
  }

  /// Queues a frame whose head is `head`.
  mutating func addControl(_ kind: FrameKind, call: UInt32 = 0, _ head: some Message) {
    // Control messages hold no descriptors, and nothing else can fail to be written.
    guard let bytes = try? head.encoded().bytes else { return }
    output.add(
      FrameHeader(
        kind, call: call, isLast: kind == .status, head: bytes.count, size: bytes.count),
      head: bytes)
  }

  /// Sends a packet of what is queued. What cannot leave now leaves with the next request.
  mutating func sendNow() {
    guard let packet = output.takeFirst() else { return }
    if trySending(packet, wait: false) == nil {
      output.recycle(packet)
    } else {
      output.putBack(packet)
    }
  }

  private static func read<Value: ~Copyable>(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, _ lost: Bool,
    _ reassembly: inout Reassembly, _ take: Take<Value>
  ) throws(ProtocolError) -> Value? {
    if frame.header.kind == .fragment {
      try reassembly.add(frame, &descriptors, lost: lost)
      return nil
    }
    if frame.header.kind == .message && !reassembly.isEmpty,
      let whole = reassembly.take(frame, &descriptors, lost: lost)
    {
      defer { reassembly.recycle(whole) }
      return try take(
        Frame(header: frame.header, head: frame.head, message: whole.message), &whole.descriptors,
        whole.flaw)
    }
    if frame.header.kind == .status { reassembly.drop(frame.header.call) }
    return try take(
      frame, &descriptors,
      reassembly.flaw(of: frame, arrived: descriptors.count, lost: lost))
  }

  private mutating func nextPacket(by deadline: UInt64?) throws(RPCError) -> Packet {
    if polling.shouldPoll(), let packet = try poll() { return packet }
    while true {
      if let packet = try tryReceiving(wait: deadline == nil) { return packet }
      try wait(writable: false, by: deadline)
    }
  }

  /// Looks for a packet for a moment, giving the processor away between looks.
  private mutating func poll() throws(RPCError) -> Packet? {
    let begin = LoopClock.now
    var last = begin
    while true {
      if let packet = try tryReceiving(wait: false) {
        polling.paid(begin: begin, now: LoopClock.now)
        return packet
      }
      baton_yield()
      let now = LoopClock.now
      if polling.isOver(begin: begin, last: last, now: now) { return nil }
      last = now
    }
  }

  /// One recvmsg; nil when nothing is there.
  private mutating func tryReceiving(wait: Bool) throws(RPCError) -> Packet? {
    do throws(PacketSocket.ReceiveError) {
      let guess = reassembly.guess
      switch try socket.receive(into: buffer.memory, guess: guess, wait: wait) {
      case .nothing: return nil
      case .packet(let size, let descriptors, let lost):
        metrics?.received(size, descriptors: descriptors.count)
        let inPlace = guess.map { reassembly.check($0, buffer.memory, size) } ?? 0
        return Packet(size: size, descriptors: descriptors, lost: lost, inPlace: inPlace)
      case .end:
        lose(ConnectionError(.closed, "the server ended the connection"))
      }
    } catch {
      switch error {
      case .violation(let violation): throw violated(violation)
      // The error of a peer that left stands before what it still sent: read on.
      case .system(.connectionReset): return nil
      case .system(let errno):
        lose(ConnectionError(.closed, "receiving from the server failed", errno: errno))
      }
    }
    throw unavailable()
  }

  private func wait(writable: Bool, by deadline: UInt64?) throws(RPCError) {
    guard let deadline else {
      _ = baton_wait(socket.number, writable, -1)
      return
    }
    let now = LoopClock.now
    if now < deadline, baton_wait(socket.number, writable, Int64(clamping: deadline - now)) != 0 {
      return
    }
    throw Self.tooLate
  }

  private func checkTime(_ deadline: UInt64?) throws(RPCError) {
    if Self.isOver(deadline) { throw Self.tooLate }
  }

  private static func isOver(_ deadline: UInt64?) -> Bool {
    deadline.map { LoopClock.now >= $0 } ?? false
  }

  static let tooLate = RPCError(.deadlineExceeded, "no reply within the call's timeout")

  // MARK: The end

  mutating func lose(_ error: ConnectionError) {
    if lost != nil { return }
    lost = error
    reassembly.dropAll()
    logger.ended(error)
    countUnclaimed()
    metrics?.ended()
    socket.shutdown()
  }

  func countUnclaimed() {
    metrics?.closedUnclaimed(socket.transport.takeUnclaimed())
  }

  private mutating func violated(_ error: ProtocolError) -> RPCError {
    // Where it cannot leave, the end says enough.
    output.removeAll()
    addControl(.goodbye, WireGoodbye(violation: error))
    sendNow()
    lose(ConnectionError(.protocolViolation, "the server broke the protocol: \(error.fault)"))
    return unavailable()
  }

  func unavailable() -> RPCError {
    RPCError(.unavailable, lost?.description ?? "the connection is closed")
  }
}
