public import BatonMessages
import Synchronization

/// The calls that this end of one connection makes, and what becomes of them.
@usableFromInline
final class ClientCore: Sendable {
  let channel: Channel
  let limits: CodecLimits
  /// nil where nobody listens.
  private let metrics: CallMetrics?
  private weak let owner: (any LinkOwner)?
  private let state: Mutex<State>

  private struct State: ~Copyable {
    var calls: CallsInFlight
    var phase: Phase
  }

  private enum Phase {
    case open
    /// No more calls are made, or the peer takes no more.
    case leaving(RPCError)
    case ended(ConnectionError)
  }

  /// `side` as in ``CallsInFlight``.
  init(
    _ channel: Channel, side: UInt32 = 0, limits: CodecLimits, _ metrics: CallMetrics?,
    _ owner: (any LinkOwner)?
  ) {
    self.channel = channel
    self.limits = limits
    self.metrics = metrics
    self.owner = owner
    state = Mutex(State(calls: CallsInFlight(side: side), phase: .open))
  }

  // MARK: Calls with one reply

  /// Sends a request that `write` writes and lends to what sends it, and waits for the reply, which
  /// the call has read when this returns.
  @usableFromInline
  nonisolated(nonsending) func run(
    _ call: UnaryCall, _ method: MethodIdentity, _ options: CallOptions,
    _ write: (_ send: (borrowing PackedMessage) -> Void) throws(CodecError) -> Void
  ) async throws(RPCError) {
    try await wait(for: call, method) { begin(call, method, options, write) }
  }

  /// The same with a request that is encoded already.
  nonisolated(nonsending) func run(
    _ call: UnaryCall, _ method: MethodIdentity, _ options: CallOptions,
    encoded request: EncodedMessage
  ) async throws(RPCError) {
    try await wait(for: call, method) { begin(call, method, options, encoded: request) }
  }

  /// Waits for a call that `begin` begins. Cancels it with the caller's task.
  ///
  /// These forms of `withTaskCancellationHandler` and `withUnsafeContinuation` stay where they run. The
  /// usual ones go to the caller's executor, where they are, each time asking under a lock for what
  /// the task prefers; they can stand here should a compiler come without these. With either, `begin`
  /// runs on the task's executor, not on the caller's actor.
  nonisolated(nonsending) private func wait(
    for call: UnaryCall, _ method: MethodIdentity, _ begin: () -> Void
  ) async throws(RPCError) {
    let error = await _unsafeInheritExecutor_withTaskCancellationHandler {
      await _unsafeInheritExecutor_withUnsafeContinuation { waiter in
        call.wait(waiter)
        begin()
      }
    } onCancel: {
      cancel(call, Self.callerCancelled)
    }
    if let error { throw error.naming(method) }
  }

  /// A call with one request and one reply.
  @inlinable
  nonisolated(nonsending) func call<Request: Message, Response: Message>(
    _ method: Method<Request, Response>, _ request: Request, _ options: CallOptions
  ) async throws(RPCError) -> Response {
    // Written by whoever takes the call out, before the caller goes on.
    var reply: Response?
    let call = UnaryCall { (message, descriptors, limits) throws(CodecError) in
      reply = try Response(unpacking: message, descriptors: &descriptors, limits: limits)
    }
    try await run(call, method.identity, options) { (send) throws(CodecError) in
      try request.packed(send)
    }
    guard let response = reply else { throw RPCError.unread }
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
      // They end with the call, and just before it.
      if !requests.hasEnded {
        leave(call)
        throw error
      }
    }
    requests.finish()
    try await wait(for: call, method) {}
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

  /// Lets the server send more of a call's replies.
  func grant(_ credit: StreamCredit, _ call: PendingCall) {
    guard isInFlight(call) else { return }
    try? channel.sendControl(.credit, call: call.number, credit.wire)
  }

  private func isInFlight(_ call: PendingCall) -> Bool {
    state.withLock { $0.calls.find(call.number) === call }
  }

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
    options.info?.clear()
    call.info = options.info
    if let error = call.begins(method, on: self) { return call.end(error) }
    let refused: RPCError? = state.withLock { state in
      if let refusal = call.refusal { return refusal }
      switch state.phase {
      case .ended(let error): return RPCError(lost: error)
      case .leaving(let error): return error
      case .open: break
      }
      let number = state.calls.insert(call)
      call.outgoing?.begin(number)
      return nil
    }
    if let refused { return call.end(refused) }
    let number = call.number
    if let deadline {
      startTimer(call, deadline)
      // One that has ended meanwhile has found no timer to cancel.
      if !isInFlight(call) { call.timer?.cancel() }
    }
    let header = FrameHeader(
      .request, call: number, method: method.number, isLast: !isStream, head: head.count,
      size: head.count + size, descriptors: descriptors)
    do throws(Channel.Refusal) {
      try send(header, head)
      if !isStream { channel.flushIfLast() }
    } catch {
      var error = RPCError(error, channel.lost)
      error.wasNotBegun = true
      take(number)?.end(error)
    }
    // A cancellation that came meanwhile may have overtaken the request.
    if Task.isCancelled, state.withLock({ _ in call.refusal != nil }) { tellCancelled(number) }
  }

  private func startTimer(_ call: PendingCall, _ deadline: UInt64) {
    let number = call.number
    // Cancelled with the call's end, which comes no later than the connection's.
    call.timer = channel.loop.schedule(at: deadline) {
      self.giveUp(number, RPCError(.deadlineExceeded, "no reply before the call's deadline"))
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

  func giveUp(_ number: UInt32, _ error: RPCError) {
    guard let call = take(number) else { return }
    tellCancelled(number)
    call.end(error)
  }

  private func tellCancelled(_ number: UInt32) {
    try? channel.send(FrameHeader(.cancel, call: number, size: 0))
  }

  func take(_ number: UInt32) -> PendingCall? {
    state.withLock { $0.calls.complete(number) }
  }

  func find(_ number: UInt32) -> PendingCall? {
    state.withLock { $0.calls.find(number) }
  }

  // MARK: Life

  var expectsData: Bool { state.withLock { $0.calls.count > 0 } }

  func greeted() { owner?.opened(self) }

  /// This end makes no more calls.
  func leave(_ error: RPCError) {
    state.withLock { state in
      if case .open = state.phase { state.phase = .leaving(error) }
    }
  }

  /// The peer takes no more calls, and has not begun those behind the last it names. If it found a
  /// fault it ends the connection, and does not say what it has begun.
  func peerSaidGoodbye(_ goodbye: WireGoodbye) {
    let status = goodbye.status ?? WireStatus()
    let reason = ConnectionError(goodbye: status)
    var refusal = RPCError(
      .unavailable, "the call was not begun: \(reason)", origin: .peer, wasNotBegun: true)
    let error =
      status.code == 0
      ? refusal
      : RPCError(.unavailable, "the server ended the connection: \(reason)", origin: .peer)
    // Calls from now on do not leave.
    refusal.origin = .local
    let notBegun: [PendingCall] = state.withLock { state in
      if case .ended = state.phase { return [] }
      state.phase = .leaving(refusal)
      return state.calls.complete(after: goodbye.lastCall)
    }
    // First, so that who is told to call again does so elsewhere.
    owner?.leaving(self, refusal, reason)
    let withdrawn = channel.withdraw(Set(notBegun.map(\.number)))
    for call in notBegun {
      let departure = withdrawn[call.number] ?? .whole
      if departure == .partly { tellCancelled(call.number) }
      call.end(error.after(departure))
    }
  }

  func couldNotSend(_ call: UInt32, _ error: RPCError) { giveUp(call, error) }

  /// Nothing comes any more. Does nothing the second time.
  func ended(_ error: ConnectionError) {
    let calls: [PendingCall]? = state.withLock { state in
      if case .ended = state.phase { return nil }
      state.phase = .ended(error)
      return state.calls.completeAll()
    }
    guard let calls else { return }
    // First, so that who calls again does so elsewhere.
    owner?.ended(self, error)
    let lost = RPCError(.unavailable, error.description)
    for call in calls { call.end(lost.after(channel.departure(of: call.number))) }
  }
}
