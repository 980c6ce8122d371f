public import BatonMessages
import Synchronization

/// The client's end of a connection: its calls in flight and what becomes of them.
@usableFromInline
final class ClientCore: ChannelOwner {
  let channel: Channel
  private let state = Mutex(State())

  private struct State: ~Copyable {
    var calls = CallsInFlight()
    var phase = Phase.greeting(nil)
    var lost: ConnectionError? {
      if case .ended(let error) = phase { error } else { nil }
    }
  }

  private enum Phase {
    /// The server's hello has not come; somebody may wait for it.
    case greeting(UnsafeContinuation<ConnectionError?, Never>?)
    case open
    /// The server takes no more calls.
    case leaving(RPCError)
    case ended(ConnectionError)
  }

  init(_ socket: PacketSocket, loop: EventLoop) {
    channel = Channel(socket, loop: loop)
  }

  // MARK: Calls

  /// Sends a request that `write` writes and lends to what sends it, and waits for the reply, which
  /// the call has read when this returns.
  @usableFromInline
  nonisolated(nonsending) func run(
    _ call: PendingCall, _ method: MethodIdentity, _ options: CallOptions,
    _ write: (_ send: (borrowing PackedMessage) -> Void) throws(CodecError) -> Void
  ) async throws(RPCError) {
    try await wait(for: call) {
      do throws(CodecError) {
        try write { message in
          begin(call, method, size: message.size, descriptors: message.descriptors, options) {
            message.write(to: $0)
          }
        }
      } catch {
        call.fail(RPCError(writing: error, "the request"))
      }
    }
  }

  /// The same with a request that is encoded already.
  nonisolated(nonsending) func run(
    _ call: PendingCall, _ method: MethodIdentity, _ options: CallOptions,
    encoded request: EncodedMessage
  ) async throws(RPCError) {
    try await wait(for: call) {
      begin(
        call, method, size: request.bytes.count, descriptors: request.descriptors, options
      ) { $0.copyBytes(request.bytes) }
    }
  }

  /// Waits for a call that `begin` begins. Cancels it with the caller's task.
  nonisolated(nonsending) private func wait(
    for call: PendingCall, _ begin: () -> Void
  ) async throws(RPCError) {
    let error = await withTaskCancellationHandler {
      await withUnsafeContinuation { waiter in
        call.wait(waiter)
        begin()
      }
    } onCancel: {
      cancel(call)
    }
    if let error { throw error }
  }

  /// Sends a request. The call succeeds or fails exactly once, maybe before this returns. `fill`
  /// writes `size` bytes.
  private func begin(
    _ call: PendingCall, _ method: MethodIdentity, size: Int, descriptors: [Descriptor],
    _ options: CallOptions, _ fill: (UnsafeMutableRawPointer) -> Void
  ) {
    let refused: RPCError? = state.withLock { state in
      if call.isCancelled { return RPCError(.cancelled, "the caller's task was cancelled") }
      switch state.phase {
      case .ended(let error): return RPCError(.unavailable, error.description)
      case .leaving(let error): return error
      default: break
      }
      _ = state.calls.insert(call)
      return nil
    }
    if let refused { return call.fail(refused) }
    let number = call.number
    let head = options.timeout.map { startTimer(call, $0) } ?? []
    let header = FrameHeader(
      .request, call: number, method: method.number, isLast: true, head: head.count,
      size: head.count + size, descriptors: descriptors.count)
    do throws(Channel.Refusal) {
      try channel.send(header, descriptors: descriptors) { memory in
        memory.copyBytes(head)
        fill(memory + head.count)
      }
    } catch {
      let lost = state.withLock { $0.lost }
      take(number)?.fail(RPCError(error, lost))
    }
    // A cancellation that came meanwhile may have overtaken the request.
    if Task.isCancelled, state.withLock({ _ in call.isCancelled }) { tellCancelled(number) }
  }

  /// Starts the call's clock, and gives the head that tells the server.
  private func startTimer(_ call: PendingCall, _ timeout: Duration) -> [UInt8] {
    let nanoseconds = timeout.clampedNanoseconds
    let deadline = LoopClock.now &+ UInt64(nanoseconds)
    let number = call.number
    call.timer = channel.loop.schedule(at: deadline) { [weak self] in
      self?.giveUp(number, RPCError(.deadlineExceeded, "no reply within \(timeout)"))
    }
    let head = WireRequestHead(timeout: UInt64(max(nanoseconds, 1)))
    return (try? head.encoded().bytes) ?? []
  }

  /// The caller's task was cancelled.
  private func cancel(_ call: PendingCall) {
    let wasInFlight = state.withLock { $0.calls.cancel(call) }
    guard wasInFlight else { return }
    tellCancelled(call.number)
    call.timer?.cancel()
    call.fail(RPCError(.cancelled, "the caller's task was cancelled"))
  }

  private func giveUp(_ number: UInt32, _ error: RPCError) {
    guard let call = take(number) else { return }
    tellCancelled(number)
    call.fail(error)
  }

  private func tellCancelled(_ number: UInt32) {
    try? channel.send(FrameHeader(.cancel, call: number, size: 0))
  }

  private func take(_ number: UInt32) -> PendingCall? {
    let call = state.withLock { $0.calls.complete(number) }
    call?.timer?.cancel()
    return call
  }

  // MARK: Life

  /// Receives from now on and waits for the server's hello. Nil when it came.
  func greet() async -> ConnectionError? {
    await withUnsafeContinuation { waiter in
      state.withLock { $0.phase = .greeting(waiter) }
      channel.loop.execute { self.channel.start(self) }
    }
  }

  func close(_ error: ConnectionError) {
    channel.loop.execute { self.channel.end(error) }
  }

  // MARK: ChannelOwner

  var outlivesInput: Bool { false }
  var expectsData: Bool { state.withLock { $0.calls.count > 0 } }

  func greeted(_ hello: WireHello) {
    let waiter = state.withLock { state -> UnsafeContinuation<ConnectionError?, Never>? in
      guard case .greeting(let waiter) = state.phase else { return nil }
      state.phase = .open
      return waiter
    }
    waiter?.resume(returning: nil)
  }

  func received(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, lost: Bool
  ) throws(ProtocolError) {
    switch frame.header.kind {
    case .message:
      guard frame.header.isLast else { return giveUp(frame.header.call, .streamInUnaryCall) }
      guard let call = take(frame.header.call) else { return }
      if lost {
        call.fail(Self.lostDescriptors(frame.header.descriptors, descriptors.count))
      } else {
        call.succeed(frame.message, &descriptors)
      }
    case .status:
      let status: WireStatus = try Channel.decode(frame.head)
      take(frame.header.call)?.fail(RPCError(unary: status))
    default:
      throw ProtocolError("a frame of kind \(frame.header.kind.rawValue) from a server")
    }
  }

  static func lostDescriptors(_ sent: Int, _ arrived: Int) -> RPCError {
    RPCError(
      .resourceExhausted,
      "expected \(sent) descriptors, got \(arrived): this process may have too many open files (RLIMIT_NOFILE)"
    )
  }

  func peerSaidGoodbye(_ goodbye: WireGoodbye) {
    let status = goodbye.status ?? WireStatus()
    let text = status.message.isEmpty ? "the server is shutting down" : status.message
    let error = RPCError(
      .unavailable, "the call was not begun: \(text)", origin: .peer)
    state.withLock { state in
      if case .ended = state.phase { return }
      state.phase = .leaving(error)
    }
  }

  func couldNotSend(_ call: UInt32, _ error: RPCError) {
    take(call)?.fail(error)
  }

  func ended(_ error: ConnectionError) {
    let (calls, waiter) = state.withLock { state in
      var waiter: UnsafeContinuation<ConnectionError?, Never>?
      if case .greeting(let waiting) = state.phase { waiter = waiting }
      state.phase = .ended(error)
      return (state.calls.completeAll(), waiter)
    }
    waiter?.resume(returning: error)
    for call in calls {
      call.timer?.cancel()
      call.fail(RPCError(.unavailable, error.description))
    }
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
