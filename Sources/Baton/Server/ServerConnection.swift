import BatonMessages
import Logging
import Synchronization

/// The calls that one end of a connection answers: which it owes an answer, and the answers' way out.
///
/// Sendable because its variables are touched on the loop's thread alone, on which handlers' tasks
/// end, too, but for what is guarded.
@usableFromInline
final class ServerConnection: @unchecked Sendable {
  let channel: Channel
  let peer: PeerCredentials
  /// The connection's own.
  let logger: Logger
  let serving: Serving
  /// nil where nobody listens.
  private let observer: ServedCallObserver?
  private let onEnd: @Sendable (ServerConnection) -> Void
  private let tasks: HandlerTasks
  /// Calls whose answer is owed.
  @exclusivity(unchecked) private(set) var calls = CallTable<ServedCall>()
  /// The highest number of a call that was begun. Calls may come in another order.
  @exclusivity(unchecked) var lastCall: UInt32 = 0
  /// This is the server's end.
  @exclusivity(unchecked) private(set) var isAccepted = false
  /// No more calls are taken; the connection ends when nothing is owed.
  @exclusivity(unchecked) private(set) var isLeaving = false
  /// The last call to be taken, as the goodbye said.
  @exclusivity(unchecked) private(set) var lastAnnounced: UInt32?
  /// The other end makes no more calls, or, where that is the server, takes no more.
  @exclusivity(unchecked) private var hasGoodbye = false
  /// Nothing leaves any more behind what waits.
  @exclusivity(unchecked) private var hasFinished = false
  /// Those that came with the requests of the calls that are owed an answer.
  @exclusivity(unchecked) var descriptorsInFlight: DescriptorsInFlight
  /// Ends the connection when it has not been used for long, or soon behind its last answer.
  @exclusivity(unchecked) private var endTimer: LoopTimer?
  @exclusivity(unchecked) private var lastUsed: UInt64 = 0

  /// The other half of this end, for handlers that call the client, on any thread. Let go at the end.
  private let endpoint = Mutex<Endpoint?>(nil)

  init(
    _ channel: Channel, _ peer: PeerCredentials, _ serving: Serving,
    onEnd: @escaping @Sendable (ServerConnection) -> Void
  ) {
    self.channel = channel
    tasks = HandlerTasks(on: channel.loop)
    self.peer = peer
    self.serving = serving
    self.onEnd = onEnd
    descriptorsInFlight = DescriptorsInFlight(
      most: serving.descriptorsPerConnection, within: serving.descriptors)
    logger = serving.logger.of(channel.socket, peer)
    observer = ServedCallObserver(serving.metrics?.answered, logger)
  }

  var limits: CodecLimits { serving.limits }
  var interceptors: [any ServerInterceptor] { serving.interceptors }
  var isIntercepted: Bool { !serving.interceptors.isEmpty }

  /// Begins to receive at the end that accepted.
  func start() {
    let endpoint = Endpoint(channel, accepted: true, caller: nil, callee: self, logger)
    channel.loop.execute {
      self.isAccepted = true
      self.logger.debug("connection accepted")
      self.endpoint.withLock { $0 = endpoint }
      self.channel.start(endpoint)
      self.watchIdleness()
      if self.isLeaving { self.sayGoodbye() }
    }
  }

  /// Takes no more calls, says so, and ends once those it began are answered. On any thread.
  func leave() {
    channel.loop.execute {
      self.isLeaving = true
      // A connection that is yet to be started says hello first.
      if self.isAccepted { self.sayGoodbye() }
    }
  }

  /// The same on the loop's thread, at either end, of a connection that was started.
  func sayGoodbye() {
    isLeaving = true
    let last = lastAnnounced ?? lastCall
    lastAnnounced = last
    try? channel.sendControl(.goodbye, WireGoodbye(status: WireStatus(), lastCall: last))
    finishIfIdle()
  }

  /// Ends at once. On any thread.
  func close() {
    channel.loop.execute {
      self.channel.end(ConnectionError(.closed, "the server is shutting down"))
    }
  }

  /// Ends the connection when it has not been used for long.
  private func watchIdleness() {
    // It may have ended before it began.
    guard let timeout = serving.idleTimeout, channel.lost == nil else { return }
    let now = LoopClock.now
    if !calls.isEmpty || lastUsed == 0 || isReceivingRequest { lastUsed = now }
    if now >= lastUsed &+ timeout { return leave() }
    endTimer = channel.loop.schedule(at: lastUsed &+ timeout) { self.watchIdleness() }
  }

  /// Behind the last answer the connection ends, when the client has read it. At the end that
  /// connected it is the server that ends it first: calls of this end may be in flight.
  private func finishIfIdle() {
    guard isLeaving || hasGoodbye, calls.isEmpty, isAccepted || channel.hasInputEnded,
      channel.hasInputEnded || !isReceivingRequest
    else { return }
    if !hasFinished && isAccepted { endSoon() }
    hasFinished = true
    channel.finish()
  }

  /// A blocking client finds out when it calls, and reads all the same what was sent to it.
  private func endSoon() {
    endTimer?.cancel()
    endTimer = channel.loop.schedule(at: LoopClock.now &+ Self.grace) {
      self.channel.endIfAllHasLeft(ConnectionError(.closed, "the server is shutting down"))
    }
  }

  /// Whether a part has come of the request of a call that is to be taken.
  private var isReceivingRequest: Bool {
    channel.isReceivingRequest(of: isAccepted ? 0 : Endpoint.acceptorSide, upTo: lastAnnounced)
  }

  // MARK: Answers

  /// Runs a call's handler as a task. On the loop's thread.
  func run(_ call: ServedCall, _ handler: @escaping ServedCall.Handler) {
    let number = call.number
    if let deadline = call.deadline {
      call.timer = channel.loop.schedule(at: deadline) { self.giveUp(number) }
    }
    call.isHalfClosed = call.streams.incoming == nil
    call.task = tasks.run(call, handler)
    calls[number] = call
  }

  /// Whether the answer to a handler's call is still to be sent; the caller sends it.
  func isOwed(_ call: ServedCall) -> Bool {
    // A task that outlives its loop, and so its connection, ends elsewhere.
    guard channel.loop.isCurrent else { return false }
    // One whose deadline has passed has been answered, and its number may be another's.
    guard calls[call.number] === call, remove(call.number) != nil else { return false }
    if !call.streams.isEmpty { call.streams.end(Self.answered) }
    call.letGo()
    return true
  }

  /// Takes a call out that will be answered, or cannot be.
  private func remove(_ number: UInt32) -> ServedCall? {
    guard let call = calls.remove(number) else { return nil }
    descriptorsInFlight.release(call.descriptors)
    call.timer?.cancel()
    if serving.idleTimeout != nil { lastUsed = LoopClock.now }
    return call
  }

  /// A handler has dealt with messages of its stream that brought descriptors. On any thread.
  func dealt(_ number: UInt32, _ descriptors: Int) {
    channel.loop.execute {
      guard let call = self.calls[number] else { return }
      let done = min(call.descriptors, descriptors)
      call.descriptors -= done
      self.descriptorsInFlight.release(done)
    }
  }

  /// How long a client has to read the last answer and to end the connection itself.
  private static let grace: UInt64 = 200_000_000

  private static let answered = RPCError(.failedPrecondition, "the handler has returned")

  private func giveUp(_ number: UInt32) {
    let error = RPCError(.deadlineExceeded, "the deadline passed before the handler answered")
    guard let call = remove(number) else { return }
    call.cancel(error)
    call.letGo()
    send(call, error)
  }

  /// Sends a reply, which is OK and the call's end.
  func send(_ call: ServedCall, _ message: borrowing PackedMessage) {
    let (number, trailers) = (call.number, call.trailers)
    let header = FrameHeader(
      .message, call: number, isLast: trailers == nil, size: message.size,
      descriptors: message.descriptors.count)
    do throws(Channel.Refusal) {
      try channel.send(header, message)
      if let trailers {
        try channel.sendControl(.status, call: number, WireStatus(trailers: trailers))
      }
      observer?.ended(number, .ok)
      finishIfIdle()
      if call.bringsNothing { channel.flushIfLast() }
    } catch {
      refused(number, error)
    }
  }

  func send(_ call: ServedCall, _ error: RPCError) {
    send(call.number, WireStatus(error, trailers: call.trailers ?? Metadata()))
  }

  /// The end of a stream of replies.
  func sendEnd(_ call: ServedCall) {
    send(call.number, WireStatus(trailers: call.trailers ?? Metadata()))
  }

  func send(_ number: UInt32, _ status: WireStatus) {
    do throws(Channel.Refusal) {
      try channel.sendControl(.status, call: number, status)
      observer?.ended(number, RPCError.Code(rawValue: status.code))
      finishIfIdle()
    } catch {
      refused(number, error)
    }
  }

  /// Tells of a call ahead of its replies.
  func sendMetadata(_ number: UInt32, _ metadata: Metadata) throws(RPCError) {
    let head = WireMetadata(entries: try metadata.wire())
    do throws(Channel.Refusal) {
      try channel.sendControl(.metadata, call: number, head)
    } catch {
      throw RPCError(error, channel.lost)
    }
  }

  /// A connection for calls to the client.
  func connectionToPeer() -> Connection? {
    let endpoint = endpoint.withLock { $0 }
    return endpoint.map { endpoint in
      Connection(lent: endpoint.routeToPeer(peer, limits: limits, serving.metrics?.made), peer)
    }
  }

  private func refused(_ number: UInt32, _ refusal: Channel.Refusal) {
    switch refusal {
    case .ended, .leaving: observer?.ended(number, .cancelled)
    case .tooLarge, .tooManyDescriptors: send(number, WireStatus(RPCError(refusal, channel.lost)))
    case .peerDoesNotRead:
      logger.warning("closing a connection whose client does not read its replies")
      close()
    }
  }

  // MARK: What comes

  /// A frame about a call of the other end.
  func received(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, _ flaw: MessageFlaw?
  ) throws(ProtocolError) {
    let number = frame.header.call
    switch frame.header.kind {
    case .request: try begin(frame, &descriptors, flaw)
    case .message: try receivedMessage(frame, &descriptors, flaw)
    case .finish:
      guard let call = calls[number] else { return }
      if call.isHalfClosed { throw ProtocolError("a second end of the requests of call \(number)") }
      call.isHalfClosed = true
      call.streams.incoming?.end(nil)
    case .credit:
      let credit: WireCredit = try Channel.decode(frame.head)
      calls[number]?.streams.outgoing?.add(StreamCredit(credit))
    case .cancel:
      calls[number]?.cancel(RPCError(.cancelled, "the client cancelled the call"))
      // A request may have been waited for of which a part had come.
      finishIfIdle()
    default: throw ProtocolError("a frame of kind \(frame.header.kind.rawValue) from a client")
    }
  }

  private func receivedMessage(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, _ flaw: MessageFlaw?
  ) throws(ProtocolError) {
    let number = frame.header.call
    if frame.header.isLast {
      throw ProtocolError("flags 1 in a message from the end that calls")
    }
    guard let call = calls[number] else {
      // It may have been waited for, in pieces.
      return finishIfIdle()
    }
    guard let incoming = call.streams.incoming, !call.isHalfClosed else {
      throw ProtocolError("a message behind the last of call \(number)")
    }
    let error: RPCError?
    if let refusal = flaw.map({ RPCError($0) })
      ?? descriptorsInFlight.admit(descriptors.count)
    {
      error = refusal
    } else {
      call.descriptors += descriptors.count
      error = try incoming.receive(frame.message, &descriptors, limits).map { error in
        RPCError(error.kind == .limit ? .resourceExhausted : .invalidArgument, "\(error)")
      }
    }
    guard let error else { return }
    _ = remove(number)
    call.cancel(error)
    call.letGo()
    send(call, error)
  }

  private func begin(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, _ flaw: MessageFlaw?
  ) throws(ProtocolError) {
    let number = frame.header.call
    let (deadline, metadata) = try WireRequestHead.read(frame.head)
    if !frame.header.isLast && !frame.message.isEmpty {
      throw ProtocolError("a message in a request that opens a stream")
    }
    let refusal = try admit(number)
    // Nothing can be answered any more, so that nothing is begun.
    if hasFinished { return }
    let found = serving.methods.find(frame.header.method)
    observer?.began(number, frame.header.method, found?.name)
    if let error = refusal ?? flaw.map({ RPCError($0) }) {
      return refuse(number, error, found?.name)
    }
    lastUsed = serving.idleTimeout == nil ? 0 : LoopClock.now
    guard let method = found else {
      return refuse(
        number,
        RPCError(
          .unimplemented, "no service here has this method (identity \(frame.header.method))"))
    }
    guard frame.header.isLast != method.takesStream else {
      let (expected, got) = method.takesStream ? ("a stream", "one") : ("one", "a stream")
      return refuse(
        number,
        RPCError(.unimplemented, "\(method.name): expected \(expected) of requests, got \(got)"),
        method.name)
    }
    if let refusal = serving.refusal(of: method, to: peer) {
      return refuse(number, refusal, method.name, isByPolicy: true)
    }
    let count = descriptors.count
    if let refusal = admit(count, of: method) { return refuse(number, refusal, method.name) }
    let call = ServedCall(self, method, number: number, deadline: deadline, metadata: metadata)
    call.bringsNothing = count == 0 && !method.takesStream
    do throws(CodecError) {
      try method.handle(frame.message, &descriptors, call)
    } catch {
      call.refuse(error)
    }
    if count > 0 {
      if calls[number] != nil {
        call.descriptors = count
      } else {
        descriptorsInFlight.release(count)
      }
    }
  }

  /// A client that makes no more calls still wants the answers it waits for; the handlers of a server
  /// that takes no more may still call this end.
  func peerSaidGoodbye() {
    hasGoodbye = true
    finishIfIdle()
  }

  func outlivesInput(isSending: Bool) -> Bool {
    (isLeaving || hasGoodbye) && (isSending || !calls.isEmpty)
  }
  func inputEnded() { finishIfIdle() }
  var hasCalls: Bool { !calls.isEmpty }

  func couldNotSend(_ number: UInt32, _ error: RPCError) {
    let call = remove(number)
    call?.cancel(error)
    call?.letGo()
    send(number, WireStatus(error, trailers: call?.trailers ?? Metadata()))
  }

  func ended(_ error: ConnectionError) {
    let calls = calls.removeAll()
    endTimer?.cancel()
    let endpoint = endpoint.withLock { $0.take() }
    for call in calls {
      descriptorsInFlight.release(call.descriptors)
      call.timer?.cancel()
      call.cancel(RPCError(.cancelled, "the connection ended: \(error.message)"))
      call.letGo()
    }
    tasks.end()
    observer?.endedAll()
    onEnd(self)
    withExtendedLifetime(endpoint) {}
  }
}
