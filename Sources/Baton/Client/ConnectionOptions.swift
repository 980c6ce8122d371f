import BatonMessages
public import CoreMetrics
public import Logging

/// How a client connects.
public struct ConnectionOptions: Sendable {
  /// The loop to live on; nil: one of its own, which ends with the connection.
  public var loop: EventLoop?
  /// For a loop of its own.
  public var loopOptions: EventLoopOptions
  /// How a connection that was lost is made again; nil: not at all. Only where the address can be
  /// dialled again (``Connection``). As gRPC does by default.
  public var reconnection: Reconnection?
  /// Which calls that fail are made again. As gRPC does by default.
  public var retry: RetryPolicy
  /// Who may be the server, by the credentials that it had when it began to listen (unix(7),
  /// SO_PEERCRED); asked before anything is sent, each time that the connection is made. Anyone by
  /// default: then the owner of the socket's file decides, and at `unix:@NAME` whoever was there first.
  public var serverPolicy: AccessPolicy
  /// How long to wait for the server's hello. 10 seconds by default.
  public var handshakeTimeout: Duration
  /// A child of `exec:` gets SIGTERM when the thread that connects ends, for programs in which that
  /// is a thread that lasts.
  package var childEndsWithThread = false
  /// Is told of the child of `exec:` when it has been started.
  package var startsChild: (@Sendable (ChildProcess) -> Void)?
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
  /// Where to report a server that breaks the protocol (warning), that the connection cannot be made
  /// again (notice), and each beginning and end of it (debug). Nowhere by default.
  public var logger: Logger
  /// Where to count; nil, the default: where `MetricsSystem` says when the connection begins, and
  /// nowhere if it was not bootstrapped.
  public var metrics: (any MetricsFactory)?

  public init(
    loop: EventLoop? = nil, loopOptions: EventLoopOptions = EventLoopOptions(),
    reconnection: Reconnection? = Reconnection(), retry: RetryPolicy = RetryPolicy(),
    serverPolicy: AccessPolicy = .anyone, handshakeTimeout: Duration = .seconds(10),
    largestMessage: Int = 64 << 20,
    descriptorsPerMessage: Int = 1024, window: StreamWindow = StreamWindow(),
    services: [any RPCService] = [], callsPerConnection: Int = 1024,
    keepalive: Duration? = nil, keepaliveTimeout: Duration = .seconds(20),
    interceptors: [any ClientInterceptor] = [], logger: Logger? = nil,
    metrics: (any MetricsFactory)? = nil
  ) {
    self.loop = loop
    self.loopOptions = loopOptions
    self.reconnection = reconnection
    self.retry = retry
    self.serverPolicy = serverPolicy
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
    ChannelTimes(
      handshake: handshakeTimeout, keepalive: keepalive, keepaliveTimeout: keepaliveTimeout)
  }

  func serving(_ methods: MethodTable) -> Serving {
    Serving(
      methods, limits: codecLimits, callsPerConnection: callsPerConnection,
      descriptorsPerConnection: 4096, descriptors: 4096, logger: logger,
      metrics: MetricsSystem.listening(metrics))
  }
}
