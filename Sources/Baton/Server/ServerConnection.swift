import BatonMessages
import Logging
import Synchronization

/// The server's end of one connection: which calls it owes an answer, and the answers' way out.
final class ServerConnection: ChannelOwner {
  let channel: Channel
  let peer: PeerCredentials
  private let methods: MethodTable
  private let limit: Int
  private let logger: Logger
  private let onEnd: @Sendable (ServerConnection) -> Void
  private let state = Mutex(State())

  private struct State: ~Copyable {
    /// Calls whose answer is owed, with the handler's task and the deadline's timer.
    var calls: [UInt32: OwedCall] = [:]
    var lastCall: UInt32 = 0
    /// No more calls are taken; the connection ends when nothing is owed.
    var isLeaving = false
  }

  private struct OwedCall {
    let task: Task<Void, Never>
    let timer: LoopTimer?
  }

  init(
    _ socket: PacketSocket, _ peer: PeerCredentials, loop: EventLoop, methods: MethodTable,
    limit: Int, logger: Logger, onEnd: @escaping @Sendable (ServerConnection) -> Void
  ) {
    channel = Channel(socket, loop: loop)
    self.peer = peer
    self.methods = methods
    self.limit = limit
    self.logger = logger
    self.onEnd = onEnd
  }

  func start() {
    channel.loop.execute { self.channel.start(self) }
  }

  /// Takes no more calls, says so, and ends once those it began are answered.
  func leave() {
    let (last, isIdle) = state.withLock { state in
      state.isLeaving = true
      return (state.lastCall, state.calls.isEmpty)
    }
    channel.loop.execute {
      self.channel.sendControl(.goodbye, WireGoodbye(status: WireStatus(), lastCall: last))
      if isIdle { self.finish() }
    }
  }

  /// Ends at once. On any thread.
  func close() {
    channel.loop.execute {
      self.channel.end(ConnectionError(.closed, "the server is shutting down"))
    }
  }

  /// The last answer is out: the connection ends when the client has read it.
  private func finish() {
    channel.finish()
  }

  // MARK: Answers

  /// Keeps the task of a call that has begun. On the loop's thread, before the task first runs.
  func begin(_ call: ServedCall, _ task: Task<Void, Never>) {
    let timer = call.deadline.map { deadline in
      channel.loop.schedule(at: deadline) { [weak self] in self?.giveUp(call.number) }
    }
    state.withLock { $0.calls[call.number] = OwedCall(task: task, timer: timer) }
  }

  /// Whether the answer to a handler's call is still to be sent; the caller sends it.
  func isOwed(_ number: UInt32) -> Bool {
    let call = state.withLock { $0.calls.removeValue(forKey: number) }
    call?.timer?.cancel()
    return call != nil
  }

  private func giveUp(_ number: UInt32) {
    guard let call = state.withLock({ $0.calls.removeValue(forKey: number) }) else { return }
    call.task.cancel()
    send(number, RPCError(.deadlineExceeded, "the deadline passed before the handler answered"))
  }

  func send(
    _ number: UInt32, size: Int, descriptors: [Descriptor],
    _ fill: (UnsafeMutableRawPointer) -> Void
  ) {
    let header = FrameHeader(
      .message, call: number, isLast: true, size: size, descriptors: descriptors.count)
    do throws(Channel.Refusal) {
      try channel.send(header, descriptors: descriptors, fill)
      answered()
    } catch {
      refused(number, error)
    }
  }

  func send(_ number: UInt32, _ error: RPCError) {
    let status = WireStatus(code: error.code.rawValue, message: error.message)
    channel.sendControl(.status, call: number, status)
    answered()
  }

  private func refused(_ number: UInt32, _ refusal: Channel.Refusal) {
    switch refusal {
    case .ended: break
    case .tooLarge, .tooManyDescriptors: send(number, RPCError(refusal, nil))
    case .peerDoesNotRead:
      logger.warning("closing a connection whose client does not read its replies")
      close()
    }
  }

  private func answered() {
    let isDone = state.withLock { $0.isLeaving && $0.calls.isEmpty }
    if isDone { channel.loop.execute { self.finish() } }
  }

  // MARK: ChannelOwner

  /// A client that has called calls again; how soon is what polling finds out.
  var expectsData: Bool { true }

  func greeted(_ hello: WireHello) {}

  func received(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, lost: Bool
  ) throws(ProtocolError) {
    switch frame.header.kind {
    case .request: try begin(frame, &descriptors, lost: lost)
    case .message:
      if state.withLock({ $0.calls[frame.header.call] != nil }) {
        throw ProtocolError("a message behind the last of call \(frame.header.call)")
      }
    case .cancel: state.withLock { $0.calls[frame.header.call]?.task.cancel() }
    default: throw ProtocolError("a frame of kind \(frame.header.kind.rawValue) from a client")
    }
  }

  private func begin(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, lost: Bool
  ) throws(ProtocolError) {
    let number = frame.header.call
    let deadline = try Self.deadline(frame.head)
    if let refusal = try admit(number) { return send(number, refusal) }
    if lost {
      return send(
        number, ClientCore.lostDescriptors(frame.header.descriptors, descriptors.count))
    }
    guard let method = methods.find(frame.header.method) else {
      return send(
        number,
        RPCError(.unimplemented, "no service here has a method of identity \(frame.header.method)"))
    }
    guard frame.header.isLast else {
      return send(
        number, RPCError(.unimplemented, "\(method.name) takes one message, got a stream"))
    }
    method.handle(
      frame.message, &descriptors,
      ServedCall(connection: self, number: number, deadline: deadline))
  }

  /// Why a new call is not begun; nil when it may be.
  private func admit(_ number: UInt32) throws(ProtocolError) -> RPCError? {
    let result: Result<RPCError?, ProtocolError> = state.withLock { state in
      if state.calls[number] != nil {
        return .failure(ProtocolError("call \(number) is open already"))
      }
      if state.isLeaving {
        return .success(
          RPCError(.unavailable, "the call was not begun: the server is shutting down"))
      }
      state.lastCall = number
      if state.calls.count < limit { return .success(nil) }
      return .success(
        RPCError(.resourceExhausted, "expected at most \(limit) calls in flight"))
    }
    return try result.get()
  }

  private static func deadline(_ head: UnsafeRawBufferPointer) throws(ProtocolError) -> UInt64? {
    if head.isEmpty { return nil }
    let head: WireRequestHead = try Channel.decode(head)
    if head.timeout == 0 { return nil }
    let (deadline, overflow) = LoopClock.now.addingReportingOverflow(head.timeout)
    return overflow ? nil : deadline
  }

  /// The client makes no more calls, and still wants the answers it waits for.
  func peerSaidGoodbye(_ goodbye: WireGoodbye) {
    let isIdle = state.withLock { state in
      state.isLeaving = true
      return state.calls.isEmpty
    }
    if isIdle { finish() }
  }

  var outlivesInput: Bool { state.withLock { $0.isLeaving && !$0.calls.isEmpty } }

  func couldNotSend(_ call: UInt32, _ error: RPCError) {
    send(call, error)
  }

  func ended(_ error: ConnectionError) {
    let calls = state.withLock { state in
      defer { state.calls = [:] }
      return state.calls
    }
    for call in calls.values {
      call.timer?.cancel()
      call.task.cancel()
    }
    if error.kind == .protocolViolation {
      logger.warning("\(error)", metadata: ["pid": "\(peer.processID)", "uid": "\(peer.userID)"])
    }
    onEnd(self)
  }
}
