import BatonMessages

/// What a caller asks of one call.
public struct CallOptions: Sendable {
  /// How long to wait, sending included. nil waits without end. The server is told, too. Within a
  /// handler whose own call has a deadline, that is the longest wait.
  public var timeout: Duration?
  /// What to tell the server beside the request.
  public var metadata: Metadata
  /// Where to put what the server says beside its replies. One for each call.
  public var info: ReplyInfo?

  public init(timeout: Duration? = nil, metadata: Metadata = Metadata(), info: ReplyInfo? = nil) {
    self.timeout = timeout
    self.metadata = metadata
    self.info = info
  }
}

extension CallOptions {
  /// The deadline, on ``LoopClock``, of the call that the current task answers.
  @TaskLocal static var inheritedDeadline: UInt64?

  /// When to give up, on ``LoopClock``.
  var deadline: UInt64? { deadline(from: LoopClock.now) }

  private func deadline(from now: UInt64) -> UInt64? {
    let own = timeout.map { now &+ UInt64($0.clampedNanoseconds) }
    guard let inherited = Self.inheritedDeadline else { return own }
    return min(own ?? inherited, inherited)
  }

  /// When to give up, on ``LoopClock``, and what to tell the server.
  func begin() throws(RPCError) -> (deadline: UInt64?, head: [UInt8]) {
    let now = LoopClock.now
    let deadline = deadline(from: now)
    if deadline == nil && metadata.isEmpty { return (nil, []) }
    let left = deadline.map { $0 > now ? $0 - now : 1 }
    let head = WireRequestHead(
      timeout: left.map { max($0, 1) } ?? 0, metadata: try metadata.wire())
    // It holds no descriptors, and nothing else can fail to be written.
    return (deadline, (try? head.encoded().bytes) ?? [])
  }
}

extension Duration {
  /// Whole nanoseconds, at least 0 and at most what an Int64 holds (292 years).
  var clampedNanoseconds: Int64 {
    if self <= .zero { return 0 }
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return .max }
    let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return carry ? .max : sum
  }
}
