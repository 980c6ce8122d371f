import BatonMessages

/// What a caller asks of one call.
public struct CallOptions: Sendable {
  /// How long to wait, sending included. nil waits without end. The server is told, too. Within a
  /// handler whose own call has a deadline, that is the longest wait.
  public var timeout: Duration? {
    didSet { fixedDeadline = nil }
  }
  /// What to tell the server beside the request.
  public var metadata: Metadata
  /// Where to put what the server says beside its replies. One for each call.
  public var info: ReplyInfo?
  /// Whether to wait, within the deadline, for a server that cannot be reached now, as gRPC's option of
  /// this name does. Without it, the default, a call waits only while the connection is being made
  /// for the first time since it was ready, and fails with UNAVAILABLE at once as long as that fails
  /// (``ConnectionState/transientFailure``). Not for a ``SynchronousConnection``.
  public var waitForReady: Bool
  /// Of a call that has begun, but may still have to wait: the end of the timeout, on ``LoopClock``.
  private var fixedDeadline: UInt64?

  public init(
    timeout: Duration? = nil, metadata: Metadata = Metadata(), info: ReplyInfo? = nil,
    waitForReady: Bool = false
  ) {
    self.timeout = timeout
    self.metadata = metadata
    self.info = info
    self.waitForReady = waitForReady
  }
}

extension CallOptions {
  /// The deadline, on ``LoopClock``, of the call that the current task answers.
  @TaskLocal static var inheritedDeadline: UInt64?

  /// When to give up, on ``LoopClock``.
  var deadline: UInt64? { deadline(from: LoopClock.now) }

  private func deadline(from now: UInt64) -> UInt64? {
    let own = fixedDeadline ?? timeout.map { now &+ UInt64($0.clampedNanoseconds) }
    guard let inherited = Self.inheritedDeadline else { return own }
    return min(own ?? inherited, inherited)
  }

  /// The same, with a timeout that runs from now on wherever they are used.
  @usableFromInline
  var begun: CallOptions { begun(at: beginning) }

  /// When a call begins that is made with them, on ``LoopClock``; zero where that does not count.
  @usableFromInline
  var beginning: UInt64 { timeout == nil || fixedDeadline != nil ? 0 : LoopClock.now }

  /// The same, with a timeout that runs from `beginning` on.
  @usableFromInline
  func begun(at beginning: UInt64) -> CallOptions {
    if beginning == 0 { return self }
    var begun = self
    begun.fixedDeadline = deadline(from: beginning)
    return begun
  }

  /// When to give up, on ``LoopClock``, and what to tell the server.
  func begin() throws(RPCError) -> (deadline: UInt64?, head: [UInt8]) {
    // The time costs something, so only where it counts.
    if timeout == nil && fixedDeadline == nil && metadata.isEmpty && Self.inheritedDeadline == nil {
      return (nil, [])
    }
    let now = LoopClock.now
    let deadline = deadline(from: now)
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
