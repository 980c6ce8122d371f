public import BatonMessages
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

  private var channel: SynchronousChannel
  private let hello: WireHello
  private let limits: CodecLimits
  private var peer = PeerLimits()
  private var lastCall: UInt32 = 0

  init(
    _ socket: PacketSocket, _ options: ConnectionOptions, _ logger: Logger,
    _ metrics: ConnectionMetrics?
  ) {
    hello = options.channelLimits.hello
    limits = options.codecLimits
    channel = SynchronousChannel(socket, options, logger, metrics)
  }

  mutating func close() {
    channel.lose(ConnectionError(.closed, "the connection was closed by this end"))
  }

  // MARK: Hello

  mutating func greet(within timeout: Duration) throws(ConnectionError) {
    let deadline = LoopClock.now &+ UInt64(timeout.clampedNanoseconds)
    do {
      channel.addControl(.hello, hello)
      try channel.send(by: deadline)
      let answer = try channel.receive(by: deadline) { (frame, _, _) throws(ProtocolError) in
        try Self.hello(frame)
      }
      channel.output.largestPacket = min(channel.output.largestPacket, Int(answer.largestPacket))
      peer = PeerLimits(answer)
      if let goodbye = channel.goodbye {
        channel.lose(ConnectionError(goodbye: goodbye.status ?? WireStatus()))
        throw channel.unavailable()
      }
    } catch {
      throw channel.lost ?? ConnectionError(.unreachable, "no hello within \(timeout)")
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

  /// Not copyable, as copies would be counted.
  private struct OutgoingCall: ~Copyable {
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
    if let lost = channel.lost { throw RPCError(lost: lost) }
    if let goodbye = channel.goodbye { throw Self.notBegun(goodbye) }
    let (deadline, head) = try options.begin()
    // The time has passed while another thread's call was in turn.
    if let deadline, deadline <= LoopClock.now {
      var error = SynchronousChannel.tooLate
      error.wasNotBegun = true
      throw error
    }
    lastCall = lastCall == UInt32(Int32.max) ? 1 : lastCall + 1
    return OutgoingCall(
      number: lastCall, method: method, head: head, deadline: deadline, info: options.info)
  }

  private static func notBegun(_ goodbye: WireGoodbye) -> RPCError {
    let reason = ConnectionError(goodbye: goodbye.status ?? WireStatus())
    return RPCError(
      .unavailable, "the call was not begun: \(reason)", origin: .peer, wasNotBegun: true)
  }

  /// What becomes of a call of this number when the server says goodbye; nil: it goes on. A server that
  /// found a fault ends the connection, and does not say what it has begun.
  private static func refusal(of number: UInt32, _ goodbye: WireGoodbye) -> RPCError? {
    let isOrderly = (goodbye.status?.code ?? 0) == 0
    guard isOrderly, CallsInFlight.isLater(number, than: goodbye.lastCall) else { return nil }
    return notBegun(goodbye)
  }

  private mutating func queue(
    _ call: borrowing OutgoingCall, _ message: borrowing PackedMessage
  ) -> Channel.Refusal? {
    if message.size >= MessageSegments.worthwhile {
      return queue(call, message.size, message.descriptors, message.segments())
    }
    return queue(call, message.size, message.descriptors) { message.write(to: $0) }
  }

  /// Puts the request into a packet. Returns why not, where the server does not take it.
  private mutating func queue(
    _ call: borrowing OutgoingCall, _ size: Int, _ descriptors: [Descriptor],
    _ fill: (UnsafeMutableRawPointer) -> Void
  ) -> Channel.Refusal? {
    if let refusal = refusal(of: size, descriptors.count) { return refusal }
    channel.output.add(
      call.header(size, descriptors.count), head: call.head, descriptors: descriptors, fill)
    return nil
  }

  /// The same with a large request, whose long fields are sent from where they lie.
  private mutating func queue(
    _ call: borrowing OutgoingCall, _ size: Int, _ descriptors: [Descriptor],
    _ segments: MessageSegments
  ) -> Channel.Refusal? {
    if let refusal = refusal(of: size, descriptors.count) { return refusal }
    channel.output.add(
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
    _ call: borrowing OutgoingCall,
    _ read: (LentMessage, inout ReceivedDescriptors) throws(RPCError) -> Response
  ) throws(RPCError) -> Response {
    defer { channel.countUnclaimed() }
    // A reply that comes ahead of the status that ends the call.
    var early: Response?
    var hasHeard = false
    do throws(RPCError) {
      try channel.send(by: call.deadline)
      let number = call.number
      func refusal(_ goodbye: WireGoodbye) -> RPCError? { Self.refusal(of: number, goodbye) }
      let answer = try channel.receive(by: call.deadline, unless: refusal) {
        (frame, descriptors, flaw) throws(ProtocolError) in
        try Self.answer(to: call, frame, &descriptors, flaw, read, &early, &hasHeard)
      }
      switch consume answer {
      case .success(let response): return response
      case .failure(let error): throw error
      }
    } catch {
      if channel.lost != nil && channel.hasUnsent { throw error.after(.partly) }
      if error.origin == .local { cancel(call.number) }
      throw error
    }
  }

  /// The answer, if the frame is it. Answers to calls that were given up are dropped.
  private static func answer<Response: ~Copyable>(
    to call: borrowing OutgoingCall, _ frame: Frame, _ descriptors: inout ReceivedDescriptors,
    _ flaw: MessageFlaw?,
    _ read: (LentMessage, inout ReceivedDescriptors) throws(RPCError) -> Response,
    _ early: inout Response?, _ hasHeard: inout Bool
  ) throws(ProtocolError) -> Result<Response, RPCError>? {
    switch frame.header.kind {
    case .credit: return nil
    case .status, .message, .metadata:
      if frame.header.call != call.number { return nil }
    case .hello: throw ProtocolError("a second hello")
    case .request:
      throw ProtocolError("call \(frame.header.call) is numbered as one of this end")
    default:
      throw ProtocolError(
        "a frame of kind \(frame.header.kind.rawValue) from the end that answers the call")
    }
    defer { hasHeard = true }
    if frame.header.kind == .metadata {
      let head: WireMetadata = try Channel.decode(frame.head)
      let metadata = try Metadata(head.entries)
      if !hasHeard { call.info?.set(metadata: metadata) }
      return nil
    }
    if frame.header.kind == .status {
      let status: WireStatus = try Channel.decode(frame.head)
      let trailers = try Metadata(status.trailers)
      if !status.trailers.isEmpty { call.info?.set(trailers: trailers) }
      if let error = try RPCError(status) { return .failure(error.naming(call.method)) }
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
    if channel.lost != nil { return }
    channel.output.drop(number)
    channel.output.add(FrameHeader(.cancel, call: number, size: 0))
    // A server that does not hear of it at once sees the deadline pass.
    channel.sendNow()
  }
}
