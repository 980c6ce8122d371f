public import BatonMessages
import Logging
import SystemPackage

/// One call that a server answers.
///
/// Sendable because what changes of it is touched on the loop's thread alone. Accesses are not checked
/// for overlapping while running: each is over before anything else is called.
@usableFromInline
final class ServedCall: @unchecked Sendable {
  let connection: ServerConnection
  /// Kept by the connection's ``Serving``: not counted once more.
  private unowned(unsafe) let served: ServedMethod
  let number: UInt32
  /// On the loop's clock; nil: none.
  let deadline: UInt64?
  /// The same on the clock that handlers know, since ``origin``: in a class an instant, whose layout
  /// is the runtime's secret, would cost each call.
  private let due: Duration
  let metadata: Metadata

  /// The handler's, until the call is answered or given up.
  @exclusivity(unchecked) var task: HandlerTask?
  @exclusivity(unchecked) var timer: LoopTimer?
  @exclusivity(unchecked) var streams = ServedStreams()
  /// How many came with its requests, and are not dealt with.
  @exclusivity(unchecked) var descriptors = 0
  /// No descriptors come with its requests: its answer may leave before the handler has let go of
  /// them.
  @exclusivity(unchecked) var bringsNothing = false
  /// The client has sent its last request.
  @exclusivity(unchecked) var isHalfClosed = false
  /// What the handler said that is to be sent behind its last message.
  @exclusivity(unchecked) private(set) var trailers: Metadata?

  init(
    _ connection: ServerConnection, _ served: ServedMethod, number: UInt32, deadline: UInt64?,
    metadata: Metadata
  ) {
    self.connection = connection
    self.served = served
    self.number = number
    self.deadline = deadline
    if let deadline {
      let left = Int64(clamping: deadline) - Int64(clamping: LoopClock.now)
      due = ContinuousClock.now - Self.origin + .nanoseconds(left)
    } else {
      due = .zero
    }
    self.metadata = metadata
  }

  var method: String { served.name }

  private static let origin = ContinuousClock.now

  var deadlineInstant: ContinuousClock.Instant? { deadline == nil ? nil : Self.origin + due }

  /// From any thread.
  func setTrailers(_ metadata: Metadata) throws(RPCError) {
    _ = try metadata.wire()
    connection.channel.loop.execute { self.trailers = metadata }
  }

  /// Writes a message, which it lends to what sends it. Returns what that returns.
  @usableFromInline
  typealias Write = (_ send: (borrowing PackedMessage) -> Void) throws(CodecError) -> Void

  @usableFromInline
  var context: CallContext { CallContext(self) }

  @usableFromInline
  var limits: CodecLimits { connection.limits }

  /// Cancels the handler, whose answer may still be owed, and ends its streams.
  func cancel(_ error: RPCError) {
    task?.cancel()
    streams.end(error)
  }

  /// The answer is not owed any more: whoever keeps the context shall keep no more than that.
  func letGo() {
    task = nil
    timer = nil
    if !streams.isEmpty { streams = ServedStreams() }
  }

  // MARK: Handlers that are tasks

  /// Answers a call. Runs where its caller does: going elsewhere and coming back takes time.
  @usableFromInline
  typealias Handler = nonisolated(nonsending) @Sendable (ServedCall) async -> Void

  /// Runs `handler` as a task on the connection's loop, which is cancelled with the call.
  @usableFromInline
  func run(_ handler: @escaping Handler) {
    guard let deadline else { return connection.run(self, handler) }
    // Calls that the handler makes end with it.
    connection.run(self) { call in
      await CallOptions.$inheritedDeadline.withValue(deadline) { await handler(call) }
    }
  }

  /// The same for a call with streams.
  @usableFromInline
  func run(
    incoming: IncomingStream? = nil, outgoing: OutgoingStream? = nil, _ handler: @escaping Handler
  ) {
    run(incoming: incoming, outgoing: outgoing, outcome: nil, handler)
  }

  func run(
    incoming: IncomingStream?, outgoing: OutgoingStream?, outcome: CallOutcome?,
    _ handler: @escaping Handler
  ) {
    streams = ServedStreams(incoming: incoming, outgoing: outgoing, outcome: outcome)
    run(handler)
  }

  /// The requests of a stream, which `read` reads and delivers.
  @usableFromInline
  func makeIncoming(_ read: @escaping IncomingStream.Read) -> IncomingStream {
    let channel = connection.channel
    let number = number
    let stream = WeakStream()
    let incoming = IncomingStream(
      window: channel.ownWindow,
      grant: { try? channel.sendControl(.credit, call: number, $0.wire) },
      dealt: { [connection] in connection.dealt(number, $0) },
      cancelled: { stream.end() }, read: read)
    stream.stream = incoming
    return incoming
  }

  /// The stream, for a closure that it keeps itself. Sendable because it is set before that can run.
  private final class WeakStream: @unchecked Sendable {
    weak var stream: IncomingStream?
    func end() {
      stream?.end(RPCError(.cancelled, "the handler's task was cancelled"))
    }
  }

  /// The replies of a stream.
  @usableFromInline
  func makeOutgoing() -> OutgoingStream { OutgoingStream(connection.channel, call: number) }

  /// Replies, unless the call has been given up meanwhile.
  @usableFromInline
  func answer(_ write: Write) {
    if connection.isOwed(self) { reply(write) }
  }

  /// The same for a handler that threw.
  @usableFromInline
  func answer(_ error: any Error) {
    if connection.isOwed(self) { fail(error) }
  }

  /// The same for a handler that has written all its replies.
  @usableFromInline
  func answer() {
    if connection.isOwed(self) { connection.sendEnd(self) }
  }

  // MARK: The answer itself

  @usableFromInline
  func reply(_ write: Write) {
    do throws(CodecError) {
      try write { message in
        connection.send(self, message)
      }
    } catch {
      connection.send(self, RPCError(writing: error, "the reply"))
    }
  }

  /// The handler threw.
  @usableFromInline
  func fail(_ error: any Error) {
    connection.send(self, told(of: error))
  }

  /// What the caller is told of an error. What it is not told stands in the log.
  func told(of error: any Error) -> RPCError {
    switch error {
    case is RPCError, is Errno, is CancellationError: break
    default:
      connection.logger.error(
        "a handler failed",
        metadata: [
          "method": "\(method)", "call": "\(number)", "error": "\(String(reflecting: error))",
        ])
    }
    return RPCError(thrown: error)
  }

  /// The request could not be read.
  func refuse(_ error: CodecError) {
    let code: RPCError.Code = error.kind == .limit ? .resourceExhausted : .invalidArgument
    connection.send(self, RPCError(code, "\(error)"))
  }
}

/// The streams of a call that a server answers.
struct ServedStreams: Sendable {
  var incoming: IncomingStream?
  var outgoing: OutgoingStream?
  /// For interceptors, where there are some.
  var outcome: CallOutcome?

  var isEmpty: Bool { incoming == nil && outgoing == nil && outcome == nil }

  /// Nothing more comes or goes.
  func end(_ error: RPCError) {
    incoming?.end(error)
    outgoing?.end(error)
    outcome?.end(error)
  }
}

extension RPCError {
  /// What a caller is told of an error that a handler threw: an ``RPCError`` as it is, though none with
  /// the code OK; an `Errno` as the code that fits; a `CancellationError` as CANCELLED; anything else
  /// as UNKNOWN without its details.
  public init(thrown error: any Error) {
    switch error {
    case let error as RPCError where error.code == .ok:
      self.init(.internal, "the handler threw an error with the code OK")
    case let error as RPCError: self = error
    case Errno.improperLink:
      self.init(
        .permissionDenied,
        "the path leads out of its directory, or to another file system (\(Errno.improperLink))")
    case let error as Errno: self.init(Self.code(for: error), error.description)
    case is CancellationError: self.init(.cancelled, "the handler was cancelled")
    default: self.init(.unknown, "the handler failed")
    }
  }

  private static func code(for errno: Errno) -> Code {
    switch errno {
    case .noSuchFileOrDirectory, .noSuchProcess, .noSuchAddressOrDevice: .notFound
    case .permissionDenied, .notPermitted, .readOnlyFileSystem, .improperLink: .permissionDenied
    case .fileExists: .alreadyExists
    case .invalidArgument, .fileNameTooLong, .badFileDescriptor: .invalidArgument
    case .notDirectory, .isDirectory, .directoryNotEmpty, .tooManySymbolicLinkLevels:
      .failedPrecondition
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noSpace, .noMemory, .diskQuotaExceeded:
      .resourceExhausted
    case .timedOut: .deadlineExceeded
    case .notSupported, .noFunction: .unimplemented
    case .canceled: .cancelled
    default: .unknown
    }
  }
}
