import BatonMessages
import Logging
import Synchronization

/// Both halves of one end of a connection: the calls it makes, and those it answers. Hands each frame
/// to the half that it is for.
final class Endpoint: Sendable {
  let channel: Channel
  /// The highest bit at the end that accepted, whose calls have it in their numbers.
  private let side: UInt32
  private let callee: ServerConnection?
  private let firstCaller: ClientCore?
  private let logger: Logger
  /// Of an end that accepted, made when it is first asked for.
  private let late = Mutex<Late?>(nil)

  /// Calls of an end that accepted.
  private struct Late {
    let core: ClientCore
    let route: Route
  }

  static let acceptorSide = UInt32(1) << 31

  /// The answer of an end that has no services.
  static let servesNothing = RPCError(
    .unimplemented, "this end of the connection serves nothing")

  init(
    _ channel: Channel, accepted: Bool, caller: ClientCore?, callee: ServerConnection?,
    _ logger: Logger
  ) {
    self.channel = channel
    side = accepted ? Self.acceptorSide : 0
    firstCaller = caller
    self.callee = callee
    self.logger = logger
  }

  private var caller: ClientCore? { firstCaller ?? late.withLock { $0?.core } }

  /// Where the calls of an end that accepted go, which has been greeted.
  func routeToPeer(_ peer: PeerCredentials, limits: CodecLimits, _ metrics: CallMetrics?) -> Route {
    late.withLock { late in
      if let late { return late.route }
      let made = makeLate(peer, limits, metrics)
      late = made
      return made.route
    }
  }

  private func makeLate(
    _ peer: PeerCredentials, _ limits: CodecLimits, _ metrics: CallMetrics?
  ) -> Late {
    let route = Route(lentBy: channel, logger, metrics)
    let core = ClientCore(channel, side: side, limits: limits, metrics, route)
    route.lend(Link(core, peer, self, logger))
    // Nobody else tells what was made too late.
    if let lost = channel.lost { core.ended(lost) }
    return Late(core: core, route: route)
  }

  /// Tells the peer that this end makes no more calls, and takes none behind the last it began.
  func sayGoodbye() {
    if let callee { return callee.sayGoodbye() }
    try? channel.sendControl(.goodbye, WireGoodbye(status: WireStatus()))
  }

  // MARK: What the channel tells, on the loop's thread

  /// Whether answers are still wanted when the peer sends no more; some may be on their way.
  func outlivesInput(isSending: Bool) -> Bool {
    callee?.outlivesInput(isSending: isSending) ?? false
  }

  /// The peer sends no more, which this end outlives.
  func inputEnded() {
    callee?.inputEnded()
    // No answers come either.
    caller?.ended(ConnectionError(.closed, "the peer ended the connection"))
  }

  /// Whether a frame is likely to come soon.
  var expectsData: Bool { callee != nil || firstCaller?.expectsData == true }

  /// Whether the peer is to be there, as it waits for something or owes something.
  var hasCalls: Bool { callee?.hasCalls == true || caller?.expectsData == true }

  /// The peer's hello came.
  func greeted(_ hello: WireHello) { caller?.greeted() }

  /// A frame about a call. A message with a flaw is not whole.
  func received(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, _ flaw: MessageFlaw?
  ) throws(ProtocolError) {
    if frame.header.call & Self.acceptorSide == side {
      if frame.header.kind == .request {
        throw ProtocolError("call \(frame.header.call) is numbered as one of this end")
      }
      try caller?.received(frame, &descriptors, flaw)
    } else if let callee {
      try callee.received(frame, &descriptors, flaw)
    } else if frame.header.kind == .request {
      try? channel.sendControl(
        .status, call: frame.header.call, WireStatus(Self.servesNothing))
    }
  }

  func peerSaidGoodbye(_ goodbye: WireGoodbye) {
    caller?.peerSaidGoodbye(goodbye)
    callee?.peerSaidGoodbye()
  }

  /// A frame of this call could not leave.
  func couldNotSend(_ call: UInt32, _ error: RPCError) {
    if call & Self.acceptorSide == side {
      caller?.couldNotSend(call, error)
    } else {
      callee?.couldNotSend(call, error)
    }
  }

  /// Nothing comes or goes any more. Called once.
  func ended(_ error: ConnectionError) {
    logger.ended(error)
    caller?.ended(error)
    callee?.ended(error)
  }
}
