public import BatonMessages
import Synchronization

/// The calls that this end of a connection makes, and what becomes of them.
@usableFromInline
final class ClientCore: Sendable {
  let channel: Channel
  private let limits: CodecLimits
  /// nil where nobody listens.
  private let metrics: CallMetrics?
  private let state: Mutex<State>

  private struct State: ~Copyable {
    var calls: CallsInFlight
    var phase: Phase
  }

  private enum Phase {
    /// The peer's hello has not come; somebody may wait for it.
    case greeting(UnsafeContinuation<ConnectionError?, Never>?)
    case open
    /// The peer takes no more calls.
    case leaving(RPCError)
    case ended(ConnectionError)
  }

  /// `side` as in ``CallsInFlight``. An end that has been greeted already is `open`.
  init(
    _ channel: Channel, side: UInt32 = 0, isOpen: Bool = false, limits: CodecLimits,
    _ metrics: CallMetrics?
  ) {
    self.channel = channel
    self.limits = limits
    self.metrics = metrics
    state = Mutex(State(calls: CallsInFlight(side: side), phase: isOpen ? .open : .greeting(nil)))
  }

  // MARK: Calls with one reply

  /// Sends a request that `write` writes and lends to what sends it, and waits for the reply, which
  /// the call has read when this returns.
  @usableFromInline
  nonisolated(nonsending) func run(
    _ call: UnaryCall, _ method: MethodIdentity, _ options: CallOptions,
    _ write: (_ send: (borrowing PackedMessage) -> Void) throws(CodecError) -> Void
  ) async throws(RPCError) {
    try await wait(for: call) { begin(call, method, options, write) }
  }

  /// The same with a request that is encoded already.
  nonisolated(nonsending) func run(
    _ call: UnaryCall, _ method: MethodIdentity, _ options: CallOptions,
    encoded request: EncodedMessage
  ) async throws(RPCError) {
    try await wait(for: call) { begin(call, method, options, encoded: request) }
  }

  /// Waits for a call that `begin` begins. Cancels it with the caller's task.
  nonisolated(nonsending) private func wait(
    for call: UnaryCall, _ begin: () -> Void
  ) async throws(RPCError) {
    let error = await withTaskCancellationHandler {
      await withUnsafeContinuation { waiter in
        call.wait(waiter)
        begin()
      }
    } onCancel: {
      cancel(call, Self.callerCancelled)
    }
    if let error { throw error }
  }

  /// A call with one request and one reply.
  @inlinable
  nonisolated(nonsending) func call<Request: Message, Response: Message>(
    _ method: Method<Request, Response>, _ request: Request, _ options: CallOptions
  ) async throws(RPCError) -> Response {
    var response: Response?
    let call = UnaryCall { (message, descriptors, limits) throws(CodecError) in
      response = try Response(
        unpacking: message, descriptors: &descriptors, limits: limits)
    }
    try await run(call, method.identity, options) { (send) throws(CodecError) in
      try request.packed(send)
    }
    guard let response else { throw RPCError.unread }
    return response
  }

  static let callerCancelled = RPCError(.cancelled, "the caller's task was cancelled")

  // MARK: Calls of every kind

  /// Begins a call with one request, which `write` writes. It ends maybe before this returns.
  @usableFromInline
  func begin(
    _ call: PendingCall, _ method: MethodIdentity, _ options: CallOptions,
    _ write: (_ send: (borrowing PackedMessage) -> Void) throws(CodecError) -> Void
  ) {
    do throws(CodecError) {
      try write { message in
        begin(
          call, method, options, size: message.size, descriptors: message.descriptors.count
        ) { (header, head) throws(Channel.Refusal) in
          try channel.send(header, head: head, message)
        }
      }
    } catch {
      call.end(RPCError(writing: error, "the request"))
    }
  }

  func begin(
    _ call: PendingCall, _ method: MethodIdentity, _ options: CallOptions,
    encoded request: EncodedMessage
  ) {
    begin(
      call, method, options, size: request.bytes.count, descriptors: request.descriptors.count
    ) { (header, head) throws(Channel.Refusal) in
      try channel.send(header, head: head, descriptors: request.descriptors) {
        $0.copyBytes(request.bytes)
      }
    }
  }

  /// Begins a call whose requests are a stream.
  @usableFromInline
  func beginStream(
    _ call: PendingCall, _ method: MethodIdentity, _ options: CallOptions
  ) -> OutgoingStream {
    let requests = OutgoingStream(channel)
    call.outgoing = requests
    begin(call, method, options, size: 0, descriptors: 0, isStream: true) {
      (header, head) throws(Channel.Refusal) in
      try channel.send(header, head: head)
    }
    return requests
  }

  /// Has `body` write the requests, then waits for the reply. What the server answered meanwhile
  /// counts more than an error of `body`, which cancels the call otherwise.
  @usableFromInline
  nonisolated(nonsending) func run(
    _ call: UploadCall, _ method: MethodIdentity, _ options: CallOptions,
    _ body: (OutgoingStream) async throws -> Void
  ) async throws {
    let requests = beginStream(call, method, options)
    do {
      try await body(requests)
    } catch {
      if !call.hasEnded {
        leave(call)
        throw error
      }
    }
    requests.finish()
    try await wait(for: call) {}
  }

  /// A call whose requests `body` writes.
  @inlinable
  nonisolated(nonsending) func upload<Request: Message, Reply: Message>(
    _ method: Method<Request, Reply>, _ options: CallOptions,
    _ body: (OutgoingStream) async throws -> Void
  ) async throws -> Reply {
    var reply: Reply?
    let call = UploadCall { (message, descriptors, limits) throws(CodecError) in
      reply = try Reply(unpacking: message, descriptors: &descriptors, limits: limits)
    }
    try await run(call, method.identity, options, body)
    guard let reply else { throw RPCError.unread }
    return reply
  }

  /// Ends a call, if it has not ended, that its caller has left.
  @usableFromInline
  func leave(_ call: PendingCall) {
    cancel(call, RPCError(.cancelled, "the caller has left the call"))
  }

  /// A call whose replies are a stream, which `read` reads and delivers.
  @usableFromInline
  func makeStreamCall(_ read: @escaping IncomingStream.Read) -> StreamCall {
    let handle = CallHandle()
    let incoming = IncomingStream(
      window: channel.ownWindow,
      grant: { [weak self] in self?.grant($0, handle) },
      cancelled: { [weak self] in
        if let call = handle.call { self?.cancel(call, Self.callerCancelled) }
      }, read: read)
    let call = StreamCall(incoming)
    handle.call = call
    return call
  }

  /// A call, for closures that it keeps itself.
  private final class CallHandle: @unchecked Sendable {
    weak var call: PendingCall?
  }

  private func grant(_ credit: StreamCredit, _ handle: CallHandle) {
    guard let call = handle.call, isInFlight(call) else { return }
    try? channel.sendControl(.credit, call: call.number, credit.wire)
  }

  private func isInFlight(_ call: PendingCall) -> Bool {
    state.withLock { $0.calls.find(call.number) === call }
  }

  @usableFromInline
  func lease(_ call: PendingCall) -> CallLease { CallLease(call, self) }

  /// Sends a request, whose frame `send` sends. The call ends exactly once, maybe before this returns.
  private func begin(
    _ call: PendingCall, _ method: MethodIdentity, _ options: CallOptions, size: Int,
    descriptors: Int, isStream: Bool = false,
    _ send: (FrameHeader, [UInt8]) throws(Channel.Refusal) -> Void
  ) {
    let deadline: UInt64?
    let head: [UInt8]
    if let metrics { call.observed = ObservedCall(metrics.called(method)) }
    do throws(RPCError) {
      (deadline, head) = try options.begin()
    } catch {
      return call.end(error)
    }
    call.info = options.info
    let refused: RPCError? = state.withLock { state in
      if let refusal = call.refusal { return refusal }
      switch state.phase {
      case .ended(let error): return RPCError(.unavailable, error.description)
      case .leaving(let error): return error
      default: break
      }
      let number = state.calls.insert(call)
      call.outgoing?.begin(number)
      return nil
    }
    if let refused { return call.end(refused) }
    let number = call.number
    if let deadline { startTimer(call, deadline) }
    let header = FrameHeader(
      .request, call: number, method: method.number, isLast: !isStream, head: head.count,
      size: head.count + size, descriptors: descriptors)
    do throws(Channel.Refusal) {
      try send(header, head)
    } catch {
      take(number)?.end(RPCError(error, channel.lost))
    }
    // A cancellation that came meanwhile may have overtaken the request.
    if Task.isCancelled, state.withLock({ _ in call.refusal != nil }) { tellCancelled(number) }
  }

  private func startTimer(_ call: PendingCall, _ deadline: UInt64) {
    let number = call.number
    call.timer = channel.loop.schedule(at: deadline) { [weak self] in
      self?.giveUp(number, RPCError(.deadlineExceeded, "no reply before the call's deadline"))
    }
  }

  /// Ends a call whose caller does not want it any more.
  @usableFromInline
  func cancel(_ call: PendingCall, _ error: RPCError) {
    call.gaveUp()
    let wasInFlight = state.withLock { $0.calls.giveUp(call, error) }
    guard wasInFlight else { return }
    tellCancelled(call.number)
    call.end(error)
  }

  private func giveUp(_ number: UInt32, _ error: RPCError) {
    guard let call = take(number) else { return }
    tellCancelled(number)
    call.end(error)
  }

  private func tellCancelled(_ number: UInt32) {
    try? channel.send(FrameHeader(.cancel, call: number, size: 0))
  }

  private func take(_ number: UInt32) -> PendingCall? {
    state.withLock { $0.calls.complete(number) }
  }

  private func find(_ number: UInt32) -> PendingCall? {
    state.withLock { $0.calls.find(number) }
  }

  // MARK: What comes

  var expectsData: Bool { state.withLock { $0.calls.count > 0 } }

  /// A frame about one of this end's calls.
  func received(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, _ flaw: MessageFlaw?
  ) throws(ProtocolError) {
    let number = frame.header.call
    switch frame.header.kind {
    case .message: try receivedMessage(frame, &descriptors, flaw)
    case .status:
      let status: WireStatus = try Channel.decode(frame.head)
      guard let call = take(number) else { return }
      try settle(call, status)
    case .metadata:
      let head: WireMetadata = try Channel.decode(frame.head)
      let metadata = try Metadata(head.entries)
      find(number)?.info?.set(metadata: metadata)
    case .credit:
      let credit: WireCredit = try Channel.decode(frame.head)
      find(number)?.outgoing?.add(StreamCredit(credit))
    default:
      throw ProtocolError(
        "a frame of kind \(frame.header.kind.rawValue) from the end that answers the call")
    }
  }

  private func receivedMessage(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, _ flaw: MessageFlaw?
  ) throws(ProtocolError) {
    let number = frame.header.call
    let isLast = frame.header.isLast
    guard let call = isLast ? take(number) : find(number) else { return }
    let failure: RPCError?
    if let flaw {
      failure = RPCError(flaw)
    } else {
      failure = try call.receive(frame.message, &descriptors, limits, isLast: isLast)
    }
    if isLast {
      call.end(failure)
    } else if let failure {
      giveUp(number, failure)
    }
  }

  private func settle(_ call: PendingCall, _ status: WireStatus) throws(ProtocolError) {
    let error: RPCError?
    do throws(ProtocolError) {
      error = try RPCError(status)
      if !status.trailers.isEmpty { call.info?.set(trailers: try Metadata(status.trailers)) }
    } catch {
      call.end(RPCError(.internal, error.fault))
      throw error
    }
    if error == nil, let unary = call as? UnaryCall {
      call.end(unary.settle(limits))
    } else {
      call.end(error)
    }
  }

  // MARK: Life

  /// Waits for the peer's hello, which `start` begins to. Nil when it came.
  func greet(_ start: () -> Void) async -> ConnectionError? {
    await withUnsafeContinuation { waiter in
      state.withLock { $0.phase = .greeting(waiter) }
      start()
    }
  }

  func close(_ error: ConnectionError) {
    channel.loop.execute { self.channel.end(error) }
  }

  func greeted() {
    let waiter = state.withLock { state -> UnsafeContinuation<ConnectionError?, Never>? in
      guard case .greeting(let waiter) = state.phase else { return nil }
      state.phase = .open
      return waiter
    }
    waiter?.resume(returning: nil)
  }

  /// The peer takes no more calls, and has not begun those behind the last it names.
  func peerSaidGoodbye(_ goodbye: WireGoodbye) {
    let status = goodbye.status ?? WireStatus()
    let text = status.message.isEmpty ? "the server is shutting down" : status.message
    let error = RPCError(
      .unavailable, "the call was not begun: \(text)", origin: .peer)
    if status.code != 0 {
      let code = RPCError.Code(rawValue: status.code)
      let waiter = state.withLock { state -> UnsafeContinuation<ConnectionError?, Never>? in
        guard case .greeting(let waiter) = state.phase else { return nil }
        state.phase = .leaving(error)
        return waiter
      }
      waiter?.resume(returning: ConnectionError(.refused(code), text))
    }
    let notBegun: [PendingCall] = state.withLock { state in
      if case .ended = state.phase { return [] }
      state.phase = .leaving(error)
      return state.calls.complete(after: goodbye.lastCall)
    }
    for call in notBegun { call.end(error) }
  }

  func couldNotSend(_ call: UInt32, _ error: RPCError) {
    giveUp(call, error)
  }

  func ended(_ error: ConnectionError) {
    let (calls, waiter) = state.withLock { state in
      var waiter: UnsafeContinuation<ConnectionError?, Never>?
      if case .greeting(let waiting) = state.phase { waiter = waiting }
      state.phase = .ended(error)
      return (state.calls.completeAll(), waiter)
    }
    waiter?.resume(returning: error)
    for call in calls { call.end(RPCError(.unavailable, error.description)) }
  }
}

extension UnsafeMutableRawPointer {
  /// Copies all of `bytes` to here.
  func copyBytes(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { copyMemory(from: start, byteCount: source.count) }
    }
  }
}
