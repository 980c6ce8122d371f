public import BatonMessages
public import CoreMetrics
public import Logging
import SystemPackage

/// A client's connection to a server. Any number of calls may be in flight; replies come in any
/// order. When the connection is lost, every call in flight fails with UNAVAILABLE at once.
///
/// It ends with ``close()``, or with its last reference.
public final class Connection: Sendable {
  /// The loop that receives. Tasks that prefer it (`withTaskExecutorPreference`) call without
  /// changing threads.
  public let loop: EventLoop
  /// Who is at the other end.
  public let peer: PeerCredentials
  @usableFromInline let core: ClientCore
  /// nil without interceptors.
  @usableFromInline let interception: ClientInterception?
  private let ownsLoop: Bool
  private let isLent: Bool
  private let child: ChildProcess?

  /// Connects and waits until the server has said hello. `fd:` takes the number over.
  public static func connect(
    to address: Address, options: ConnectionOptions = ConnectionOptions()
  ) async throws(ConnectionError) -> Connection {
    let (socket, child) = try Dialer.connect(address, withThread: options.childEndsWithThread)
    do throws(ConnectionError) {
      return try await open(socket, child, options, "\(address)")
    } catch {
      // Nobody is left to do so when the thread has ended.
      if options.childEndsWithThread { child?.end(within: .seconds(1)) }
      throw error
    }
  }

  /// Speaks over a connected `SOCK_SEQPACKET` socket, which it takes over, and waits for the
  /// server's hello.
  public static func connect(
    over socket: consuming Descriptor, options: ConnectionOptions = ConnectionOptions()
  ) async throws(ConnectionError) -> Connection {
    let number: Int32
    do throws(Errno) {
      number = try socket.take().rawValue
    } catch {
      throw ConnectionError(.unreachable, "dup", errno: error)
    }
    return try await open(PacketSocket(adopting: number), nil, options, "the given socket")
  }

  static func open(
    _ socket: PacketSocket, _ child: ChildProcess?, _ options: ConnectionOptions, _ name: String
  ) async throws(ConnectionError) -> Connection {
    let methods = try MethodTable(options.services, reflection: false)
    let loop: EventLoop
    let peer: PeerCredentials
    do throws(Errno) {
      peer = try PeerCredentials(of: socket)
      if let given = options.loop {
        loop = given
      } else {
        loop = try EventLoop(options: options.loopOptions)
      }
    } catch {
      throw ConnectionError(.unreachable, "cannot use \(name)", errno: error)
    }
    let factory = MetricsSystem.listening(options.metrics)
    let channel = Channel(
      socket, loop: loop, limits: options.channelLimits, times: options.channelTimes,
      factory.map { ConnectionMetrics(.client, $0) })
    let core = ClientCore(
      channel, limits: options.codecLimits, factory.map { CallMetrics(.client, $0) })
    let connection = Connection(
      core, child, peer, loop, ownsLoop: options.loop == nil,
      ClientInterception(options.interceptors, peer))
    let callee =
      options.services.isEmpty
      ? nil : ServerConnection(channel, peer, options.serving(methods)) { _ in }
    let logger = options.logger.of(socket, peer)
    let endpoint = Endpoint(channel, accepted: false, caller: core, callee: callee, logger)
    try await connection.greet(endpoint, within: options.handshakeTimeout, name)
    logger.debug("connected to \(name)")
    return connection
  }

  private init(
    _ core: ClientCore, _ child: ChildProcess?, _ peer: PeerCredentials, _ loop: EventLoop,
    ownsLoop: Bool, _ interception: ClientInterception?
  ) {
    self.core = core
    self.child = child
    self.peer = peer
    self.loop = loop
    self.ownsLoop = ownsLoop
    self.interception = interception
    isLent = false
  }

  /// The other direction of a connection that is somebody else's to end.
  init(_ core: ClientCore, _ peer: PeerCredentials, lentBy loop: EventLoop) {
    self.core = core
    self.peer = peer
    self.loop = loop
    child = nil
    interception = nil
    ownsLoop = false
    isLent = true
  }

  deinit {
    if !isLent { close() }
  }

  private func greet(
    _ endpoint: Endpoint, within timeout: Duration, _ name: String
  ) async throws(ConnectionError) {
    let core = core
    let timer = loop.schedule(at: LoopClock.now &+ UInt64(timeout.clampedNanoseconds)) {
      core.close(ConnectionError(.unreachable, "no hello from \(name) within \(timeout)"))
    }
    defer { timer.cancel() }
    let answer = await core.greet { loop.execute { core.channel.start(endpoint) } }
    guard let error = answer else { return }
    child?.terminate()
    throw error.notAnswered(by: name)
  }

  /// Ends the connection. Calls in flight fail with UNAVAILABLE.
  public func close() {
    core.close(ConnectionError(.closed, "the connection was closed by this end"))
    if ownsLoop { loop.shutdown() }
  }

  /// Ends the connection and waits until the child that `exec:` started has ended. One that has not
  /// within `grace` gets SIGTERM, and SIGKILL after as long again.
  package func close(endingChildWithin grace: Duration) {
    close()
    child?.end(within: grace)
  }

  /// Calls a method and waits for its reply.
  ///
  /// Cancelling the caller's task ends the call at once, with CANCELLED, and cancels the handler.
  @inlinable
  nonisolated(nonsending) public func call<Request: Message, Response: Message>(
    _ method: Method<Request, Response>, _ request: Request, options: CallOptions = CallOptions()
  ) async throws(RPCError) -> Response {
    if let interception {
      return try await interceptedCall(interception, method, request, options)
    }
    return try await core.call(method, request, options)
  }

  /// Calls a method by its name, `files.v1.FileBroker/Open`, with a message that is encoded already.
  nonisolated(nonsending) public func call(
    method name: String, _ request: EncodedMessage, options: CallOptions = CallOptions()
  ) async throws(RPCError) -> Reply {
    let reply = ReplySlot()
    if let interception {
      try await interceptedCall(interception, method: name, options) {
        (options) async throws(RPCError) in
        try await callDirectly(name, request, options, reply)
      }
    } else {
      try await callDirectly(name, request, options, reply)
    }
    return reply.take()
  }

  nonisolated(nonsending) private func callDirectly(
    _ name: String, _ request: EncodedMessage, _ options: CallOptions, _ reply: ReplySlot
  ) async throws(RPCError) {
    let call = UnaryCall { (message, descriptors, _) in reply.put(message, &descriptors) }
    try await core.run(call, MethodIdentity(name), options, encoded: request)
  }
}

/// A reply as it came: an encoded message and its descriptors, which are closed with it unless they
/// are claimed by reading the message.
public struct Reply: ~Copyable {
  public var bytes: [UInt8]
  public var descriptors: ReceivedDescriptors
}

/// How a client connects.
public struct ConnectionOptions: Sendable {
  /// The loop to live on; nil: one of its own, which ends with the connection.
  public var loop: EventLoop?
  /// For a loop of its own.
  public var loopOptions: EventLoopOptions
  /// How long to wait for the server's hello. 10 seconds by default.
  public var handshakeTimeout: Duration
  /// A child of `exec:` gets SIGTERM when the thread that connects ends, for programs in which that
  /// is a thread that lasts.
  package var childEndsWithThread = false
  /// Bytes of the largest message taken; the server is told. 64 MiB by default, at most 2 GiB less
  /// one.
  public var largestMessage: Int
  /// Descriptors of a message. 1,024 by default.
  public var descriptorsPerMessage: Int
  /// What may be on its way on each stream of replies.
  public var window: StreamWindow
  /// What the server may call in turn, over the same connection (``CallContext/connection``). Not
  /// for a ``SynchronousConnection``.
  public var services: [any RPCService]
  /// Calls of the server that may be in flight; more are answered RESOURCE_EXHAUSTED. 1,024 by
  /// default.
  public var callsPerConnection: Int
  /// How long the server may be silent, while calls are in flight, before it is asked whether it is
  /// there; nil, the default: for ever. A server that ends is noticed at once; this finds one that hangs.
  public var keepalive: Duration?
  /// How long to wait for an answer to that. 20 seconds by default.
  public var keepaliveTimeout: Duration
  /// What stands around every call, the outermost first. Not for a ``SynchronousConnection``. None
  /// by default.
  public var interceptors: [any ClientInterceptor]
  /// Where to report a server that breaks the protocol (warning), and the connection's beginning and
  /// end (debug). Nowhere by default.
  public var logger: Logger
  /// Where to count; nil, the default: where `MetricsSystem` says when the connection begins, and
  /// nowhere if it was not bootstrapped.
  public var metrics: (any MetricsFactory)?

  public init(
    loop: EventLoop? = nil, loopOptions: EventLoopOptions = EventLoopOptions(),
    handshakeTimeout: Duration = .seconds(10), largestMessage: Int = 64 << 20,
    descriptorsPerMessage: Int = 1024, window: StreamWindow = StreamWindow(),
    services: [any RPCService] = [], callsPerConnection: Int = 1024,
    keepalive: Duration? = nil, keepaliveTimeout: Duration = .seconds(20),
    interceptors: [any ClientInterceptor] = [], logger: Logger? = nil,
    metrics: (any MetricsFactory)? = nil
  ) {
    self.loop = loop
    self.loopOptions = loopOptions
    self.handshakeTimeout = handshakeTimeout
    self.largestMessage = largestMessage
    self.descriptorsPerMessage = descriptorsPerMessage
    self.window = window
    self.services = services
    self.callsPerConnection = callsPerConnection
    self.keepalive = keepalive
    self.keepaliveTimeout = keepaliveTimeout
    self.interceptors = interceptors
    self.logger = logger ?? Logger(label: "baton") { _ in SwiftLogNoOpLogHandler() }
    self.metrics = metrics
  }
}

extension ConnectionOptions {
  var channelLimits: ChannelLimits {
    ChannelLimits(largestMessage, descriptorsPerMessage, window)
  }
  var codecLimits: CodecLimits { CodecLimits(upTo: largestMessage) }

  var channelTimes: ChannelTimes {
    ChannelTimes(keepalive: keepalive, keepaliveTimeout: keepaliveTimeout)
  }

  func serving(_ methods: MethodTable) -> Serving {
    Serving(
      methods, limits: codecLimits, callsPerConnection: callsPerConnection,
      descriptorsPerConnection: 4096, descriptors: 4096, logger: logger,
      metrics: MetricsSystem.listening(metrics))
  }
}
