public import BatonMessages
internal import CBaton
import Logging
import SystemPackage

/// The work of a ``SynchronousConnection``: one call after the other, on the caller's thread.
@usableFromInline
struct SynchronousCore: ~Copyable, Sendable {
  /// Writes a request and lends it to `send`; returns what that returns.
  @usableFromInline
  typealias Write = (_ send: (borrowing PackedMessage) -> RPCError?) throws(CodecError) -> RPCError?
  /// Reads a reply's message, which is valid only during this call.
  @usableFromInline
  typealias Read =
    (LentMessage, inout ReceivedDescriptors, CodecLimits) throws(CodecError) -> Void

  private let socket: PacketSocket
  private let buffer = PacketBuffer()
  private let hello: WireHello
  private let limits: CodecLimits
  private var peer = PeerLimits()
  private var output: OutgoingPackets
  private var reassembly: Reassembly
  private var polling: PollingPolicy
  private var lastCall: UInt32 = 0
  private var lost: ConnectionError?
  private var aside = Aside()
  private let logger: Logger
  /// nil where nobody listens.
  private let metrics: ConnectionMetrics?

  /// What the server said that is not about a call.
  private struct Aside {
    var pings: [UInt64] = []
    var goodbye: WireStatus?
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
    hello = limits.hello
    self.limits = options.codecLimits
    socket.widenSendBuffer()
    output = OutgoingPackets(largestPacket: socket.largestPacket)
    reassembly = Reassembly(
      largestMessage: limits.largestMessage, mostDescriptors: limits.mostDescriptors)
  }

  mutating func close() {
    lose(ConnectionError(.closed, "the connection was closed by this end"))
  }

  // MARK: Hello

  mutating func greet(within timeout: Duration) throws(ConnectionError) {
    let deadline = LoopClock.now &+ UInt64(timeout.clampedNanoseconds)
    do {
      let bytes = try hello.encoded().bytes
      output.add(FrameHeader(.hello, head: bytes.count, size: bytes.count), head: bytes)
      try send(by: deadline)
      let answer = try receive(by: deadline) { (frame, _, _) throws(ProtocolError) in
        try Self.hello(frame)
      }
      output.largestPacket = min(output.largestPacket, Int(answer.largestPacket))
      peer = PeerLimits(answer)
      if let goodbye = aside.goodbye, goodbye.code != 0 {
        lose(ConnectionError(.refused(RPCError.Code(rawValue: goodbye.code)), goodbye.message))
        throw unavailable()
      }
    } catch {
      throw lost ?? ConnectionError(.unreachable, "no hello within \(timeout)")
    }
  }

  private static func hello(_ frame: Frame) throws(ProtocolError) -> WireHello? {
    guard frame.header.kind == .hello else {
      throw ProtocolError(
        "expected a hello first, got a frame of kind \(frame.header.kind.rawValue)")
    }
    let hello: WireHello = try Channel.decode(frame.head)
    guard hello.oldestVersion <= 1, hello.version >= 1, hello.largestPacket >= 65_536 else {
      throw ProtocolError("expected a peer of version 1 with packets of at least 65536 bytes")
    }
    return hello
  }

  // MARK: Calls

  /// Calls a method. `read` has read the reply when this returns.
  mutating func call(
    _ method: MethodIdentity, _ options: CallOptions, _ write: Write, _ read: Read
  ) throws(RPCError) {
    let outgoing = try begin(method, options)
    var refusal: RPCError?
    do throws(CodecError) {
      refusal = try write { message in
        queue(outgoing, message).map { RPCError($0.located(in: message), nil) }
      }
    } catch {
      refusal = RPCError(writing: error, "the request")
    }
    if let refusal { throw refusal }
    let limits = limits
    try exchange(outgoing) { (message, descriptors) throws(RPCError) in
      do throws(CodecError) {
        try read(message, &descriptors, limits)
      } catch {
        throw RPCError(reading: error, "the reply")
      }
    }
  }

  /// Calls a method with a message that is encoded already.
  mutating func call(
    _ method: MethodIdentity, _ request: EncodedMessage, _ options: CallOptions
  ) throws(RPCError) -> Reply {
    let outgoing = try begin(method, options)
    if let refusal = queue(
      outgoing, request.bytes.count, request.descriptors, { $0.copyBytes(request.bytes) })
    {
      throw RPCError(refusal, nil)
    }
    return try exchange(outgoing) { (message, descriptors) throws(RPCError) in
      var taken = ReceivedDescriptors()
      swap(&taken, &descriptors)
      return Reply(bytes: message.copy(), descriptors: taken)
    }
  }

  private struct OutgoingCall {
    let number: UInt32
    let method: MethodIdentity
    let head: [UInt8]
    let deadline: UInt64?
    let info: ReplyInfo?

    func header(_ size: Int, _ descriptors: Int) -> FrameHeader {
      FrameHeader(
        .request, call: number, method: method.number, isLast: true, head: head.count,
        size: head.count + size, descriptors: descriptors)
    }
  }

  private mutating func begin(
    _ method: MethodIdentity, _ options: CallOptions
  ) throws(RPCError) -> OutgoingCall {
    if let lost { throw RPCError(lost: lost) }
    if let goodbye = aside.goodbye {
      let text = goodbye.message.isEmpty ? "the server is shutting down" : goodbye.message
      throw RPCError(
        .unavailable, "the call was not begun: \(text)", origin: .peer, wasNotBegun: true)
    }
    let (deadline, head) = try options.begin()
    lastCall = lastCall == UInt32(Int32.max) ? 1 : lastCall + 1
    return OutgoingCall(
      number: lastCall, method: method, head: head, deadline: deadline, info: options.info)
  }

  private mutating func queue(
    _ call: OutgoingCall, _ message: borrowing PackedMessage
  ) -> Channel.Refusal? {
    if message.size >= MessageSegments.worthwhile {
      return queue(call, message.size, message.descriptors, message.segments())
    }
    return queue(call, message.size, message.descriptors) { message.write(to: $0) }
  }

  /// Puts the request into a packet. Returns why not, where the server does not take it.
  private mutating func queue(
    _ call: OutgoingCall, _ size: Int, _ descriptors: [Descriptor],
    _ fill: (UnsafeMutableRawPointer) -> Void
  ) -> Channel.Refusal? {
    if let refusal = refusal(of: size, descriptors.count) { return refusal }
    output.add(
      call.header(size, descriptors.count), head: call.head, descriptors: descriptors, fill)
    return nil
  }

  /// The same with a large request, whose long fields are sent from where they lie.
  private mutating func queue(
    _ call: OutgoingCall, _ size: Int, _ descriptors: [Descriptor], _ segments: MessageSegments
  ) -> Channel.Refusal? {
    if let refusal = refusal(of: size, descriptors.count) { return refusal }
    output.add(
      call.header(size, descriptors.count), head: call.head, descriptors: descriptors, segments)
    return nil
  }

  private func refusal(of size: Int, _ descriptors: Int) -> Channel.Refusal? {
    if size > peer.largestMessage { return .tooLarge(size, most: peer.largestMessage) }
    if descriptors > peer.mostDescriptors {
      return .tooManyDescriptors(descriptors, most: peer.mostDescriptors)
    }
    return nil
  }

  /// Sends what is queued and waits for the call's answer.
  private mutating func exchange<Response: ~Copyable>(
    _ call: OutgoingCall,
    _ read: (LentMessage, inout ReceivedDescriptors) throws(RPCError) -> Response
  ) throws(RPCError) -> Response {
    defer { countUnclaimed() }
    // A reply that comes ahead of the status that ends the call.
    var early: Response?
    do throws(RPCError) {
      try send(by: call.deadline)
      let answer = try receive(by: call.deadline) {
        (frame, descriptors, flaw) throws(ProtocolError) in
        try Self.answer(to: call, frame, &descriptors, flaw, read, &early)
      }
      switch consume answer {
      case .success(let response): return response
      case .failure(let error): throw error
      }
    } catch {
      if error.origin == .local { cancel(call.number) }
      throw error
    }
  }

  /// The answer, if the frame is it. Answers to calls that were given up are dropped.
  private static func answer<Response: ~Copyable>(
    to call: OutgoingCall, _ frame: Frame, _ descriptors: inout ReceivedDescriptors,
    _ flaw: MessageFlaw?,
    _ read: (LentMessage, inout ReceivedDescriptors) throws(RPCError) -> Response,
    _ early: inout Response?
  ) throws(ProtocolError) -> Result<Response, RPCError>? {
    switch frame.header.kind {
    case .credit: return nil
    case .status, .message, .metadata:
      if frame.header.call != call.number { return nil }
    case .hello: throw ProtocolError("a second hello")
    case .request where frame.header.call & Endpoint.acceptorSide == 0:
      throw ProtocolError("call \(frame.header.call) is numbered as one of this end")
    default:
      throw ProtocolError(
        "a frame of kind \(frame.header.kind.rawValue) from the end that answers the call")
    }
    if frame.header.kind == .metadata {
      let head: WireMetadata = try Channel.decode(frame.head)
      let metadata = try Metadata(head.entries)
      call.info?.set(metadata: metadata)
      return nil
    }
    if frame.header.kind == .status {
      let status: WireStatus = try Channel.decode(frame.head)
      let trailers = try Metadata(status.trailers)
      if !status.trailers.isEmpty { call.info?.set(trailers: trailers) }
      if let error = try RPCError(status) { return .failure(error) }
      if let response = early.take() { return .success(response) }
      return .failure(
        RPCError(.internal, "expected a reply or an error, got a status of OK"))
    }
    if let flaw { return .failure(RPCError(flaw)) }
    let isSecond = early != nil
    if isSecond {
      return .failure(
        RPCError(.internal, "expected one reply, got the second message of a stream"))
    }
    do throws(RPCError) {
      let response = try read(frame.message, &descriptors)
      if frame.header.isLast { return .success(response) }
      early = consume response
      return nil
    } catch {
      return .failure(error)
    }
  }

  private mutating func cancel(_ number: UInt32) {
    if lost != nil { return }
    output.drop(number)
    output.add(FrameHeader(.cancel, call: number, size: 0))
    guard let packet = output.takeFirst() else { return }
    // Best effort: a server that does not hear of it sees the deadline pass.
    try? socket.send(packet, wait: false)
    output.recycle(packet)
  }

  // MARK: Packets

  /// Sends what is queued. What the server sent before it left may still be read, so that it left is
  /// found when receiving.
  private mutating func send(by deadline: UInt64?) throws(RPCError) {
    var refusals: Int64 = 0
    while let packet = output.takeFirst() {
      let errno = trySending(packet, wait: deadline == nil)
      switch errno {
      case nil, .brokenPipe, .connectionReset:
        output.recycle(packet)
        continue
      case .wouldBlock: try wait(writable: true, by: deadline)
      case .tooManyReferences, .noBufferSpace:
        // The kernel bounds the descriptors that a user has in flight over all processes.
        if refusals == 8 {
          throw RPCError(.resourceExhausted, "the kernel takes no more descriptors in flight")
        }
        refusals += 1
        baton_sleep(1_000_000 << refusals)
      case let errno:
        lose(ConnectionError(.closed, "sending to the server failed", errno: errno))
        throw unavailable()
      }
      output.putBack(packet)
    }
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

  private typealias Take<Value: ~Copyable> =
    (Frame, inout ReceivedDescriptors, MessageFlaw?) throws(ProtocolError) -> Value?

  /// Receives frames until `take` makes something of one.
  private mutating func receive<Value: ~Copyable>(
    by deadline: UInt64?, _ take: Take<Value>
  ) throws(RPCError) -> Value {
    while true {
      var packet = try nextPacket(by: deadline)
      do throws(ProtocolError) {
        if let value = try Self.read(buffer.memory, &packet, &reassembly, &aside, take) {
          answerPings()
          return value
        }
      } catch {
        throw violated(error)
      }
      answerPings()
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
      // Behind the answer come at most answers to calls that were given up.
      if value != nil { continue }
      if frame.header.descriptors > 0 {
        value = try read(frame, &packet.descriptors, packet.lost, &reassembly, take)
      } else {
        var none = ReceivedDescriptors()
        value = try read(frame, &none, false, &reassembly, take)
      }
    }
    return value
  }

  /// Whether the frame is about no call, and remembered.
  private static func note(
    _ frame: Frame, _ aside: inout Aside
  ) throws(ProtocolError) -> Bool {
    switch frame.header.kind {
    case .ping:
      if !frame.header.isLast { aside.pings.append(frame.header.method) }
    case .goodbye:
      let goodbye: WireGoodbye = try Channel.decode(frame.head)
      aside.goodbye = goodbye.status ?? WireStatus()
    default: return false
    }
    return true
  }

  private mutating func answerPings() {
    if aside.pings.isEmpty { return }
    for number in aside.pings {
      output.add(FrameHeader(.ping, method: number, isLast: true, size: 0))
    }
    aside.pings = []
    // What cannot leave now leaves with the next request.
    guard let packet = output.takeFirst() else { return }
    do throws(Errno) {
      try socket.send(packet, wait: false)
      output.recycle(packet)
    } catch {
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
      lost ? .descriptorsLost(frame.header.descriptors, descriptors.count) : nil)
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
    throw RPCError(.deadlineExceeded, "no reply within the call's timeout")
  }

  // MARK: The end

  private mutating func lose(_ error: ConnectionError) {
    if lost != nil { return }
    lost = error
    reassembly.dropAll()
    logger.ended(error)
    countUnclaimed()
    metrics?.ended()
    socket.shutdown()
  }

  private func countUnclaimed() {
    metrics?.closedUnclaimed(socket.transport.takeUnclaimed())
  }

  private mutating func violated(_ error: ProtocolError) -> RPCError {
    lose(ConnectionError(.protocolViolation, "the server broke the protocol: \(error.fault)"))
    return unavailable()
  }

  private func unavailable() -> RPCError {
    RPCError(.unavailable, lost?.description ?? "the connection is closed")
  }
}
