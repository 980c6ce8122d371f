import BatonMessages
import Logging

/// The server's end of one connection: which calls it owes an answer, and the answers' way out.
///
/// Sendable because its variables are touched on the loop's thread alone, on which handlers' tasks
/// end, too.
@usableFromInline
final class ServerConnection: ChannelOwner, @unchecked Sendable {
  let channel: Channel
  let peer: PeerCredentials
  private let methods: MethodTable
  private let limit: Int
  private let logger: Logger
  private let onEnd: @Sendable (ServerConnection) -> Void
  private let tasks: HandlerTasks
  /// Calls whose answer is owed, with the handler's task and the deadline's timer.
  @exclusivity(unchecked) private var calls: [UInt32: OwedCall] = [:]
  @exclusivity(unchecked) private var lastCall: UInt32 = 0
  /// No more calls are taken; the connection ends when nothing is owed.
  @exclusivity(unchecked) private var isLeaving = false

  private struct OwedCall {
    let task: HandlerTask
    let timer: LoopTimer?
  }

  init(
    _ socket: PacketSocket, _ peer: PeerCredentials, loop: EventLoop, methods: MethodTable,
    limit: Int, logger: Logger, onEnd: @escaping @Sendable (ServerConnection) -> Void
  ) {
    channel = Channel(socket, loop: loop)
    tasks = HandlerTasks(on: loop)
    self.peer = peer
    self.methods = methods
    self.limit = limit
    self.logger = logger
    self.onEnd = onEnd
  }

  func start() {
    channel.loop.execute { self.channel.start(self) }
  }

  /// Takes no more calls, says so, and ends once those it began are answered. On any thread.
  func leave() {
    channel.loop.execute {
      self.isLeaving = true
      let goodbye = WireGoodbye(status: WireStatus(), lastCall: self.lastCall)
      try? self.channel.sendControl(.goodbye, goodbye)
      self.finishIfIdle()
    }
  }

  /// Ends at once. On any thread.
  func close() {
    channel.loop.execute {
      self.channel.end(ConnectionError(.closed, "the server is shutting down"))
    }
  }

  /// Behind the last answer the connection ends, when the client has read it.
  private func finishIfIdle() {
    if isLeaving && calls.isEmpty { channel.finish() }
  }

  // MARK: Answers

  /// Runs a call's handler as a task. On the loop's thread.
  func run(_ call: ServedCall, _ handler: @escaping HandlerTasks.Handler) {
    let number = call.number
    let timer = call.deadline.map { deadline in
      channel.loop.schedule(at: deadline) { [weak self] in self?.giveUp(number) }
    }
    calls[number] = OwedCall(task: tasks.run(call, handler), timer: timer)
  }

  /// Whether the answer to a handler's call is still to be sent; the caller sends it.
  func isOwed(_ number: UInt32) -> Bool {
    // A task that outlives its loop, and so its connection, ends elsewhere.
    guard channel.loop.isCurrent else { return false }
    guard let call = calls.removeValue(forKey: number) else { return false }
    call.timer?.cancel()
    return true
  }

  private func giveUp(_ number: UInt32) {
    guard let call = calls.removeValue(forKey: number) else { return }
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
      finishIfIdle()
    } catch {
      refused(number, error)
    }
  }

  func send(_ number: UInt32, _ error: RPCError) {
    do throws(Channel.Refusal) {
      try channel.sendControl(.status, call: number, WireStatus(error))
      finishIfIdle()
    } catch {
      refused(number, error)
    }
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
      if calls[frame.header.call] != nil {
        throw ProtocolError("a message behind the last of call \(frame.header.call)")
      }
    case .cancel: calls[frame.header.call]?.task.cancel()
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
    let call = ServedCall(
      connection: self, method: method.name, number: number, deadline: deadline)
    do throws(CodecError) {
      try method.handle(frame.message, &descriptors, call)
    } catch {
      call.refuse(error)
    }
  }

  /// Why a new call is not begun; nil when it may be.
  private func admit(_ number: UInt32) throws(ProtocolError) -> RPCError? {
    if !calls.isEmpty && calls[number] != nil {
      throw ProtocolError("call \(number) is open already")
    }
    if isLeaving {
      return RPCError(.unavailable, "the call was not begun: the server is shutting down")
    }
    lastCall = number
    if calls.count < limit { return nil }
    return RPCError(.resourceExhausted, "expected at most \(limit) calls in flight")
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
    isLeaving = true
    finishIfIdle()
  }

  var outlivesInput: Bool { isLeaving && !calls.isEmpty }

  func couldNotSend(_ call: UInt32, _ error: RPCError) {
    send(call, error)
  }

  func ended(_ error: ConnectionError) {
    let calls = calls
    self.calls = [:]
    for call in calls.values {
      call.timer?.cancel()
      call.task.cancel()
    }
    tasks.end()
    if error.kind == .protocolViolation {
      logger.warning("\(error)", metadata: ["pid": "\(peer.processID)", "uid": "\(peer.userID)"])
    }
    onEnd(self)
  }
}
