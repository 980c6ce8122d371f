import BatonMessages
internal import CBaton
public import CoreMetrics
public import Logging

/// How a server serves.
public struct ServerOptions: Sendable {
  /// Threads that connections are spread over. As many as the process may use by default.
  public var loops: Int
  public var loopOptions: EventLoopOptions
  /// Permission bits of the files of `unix:PATH` sockets; 0o600, the owner alone, by default.
  public var socketMode: UInt32
  /// Calls that one connection may have in flight; more are answered RESOURCE_EXHAUSTED. 1,024 by
  /// default.
  public var callsPerConnection: Int
  /// Who may connect; the same user or root by default.
  public var policy: AccessPolicy
  /// Who may call a method (`files.v1.FileBroker/Open`) or a service (`files.v1.FileBroker`), of those
  /// who may connect. A method's policy counts more than its service's. Without one, everybody.
  /// A name that no method or service has is refused before anybody can connect.
  public var methodPolicies: [String: AccessPolicy]
  /// Connections at once, over all addresses; more are turned away. 16,384 by default.
  public var connections: Int
  /// Connections at once of one user. 4,096 by default.
  public var connectionsPerUser: Int
  /// Descriptors that requests of calls in flight on a connection brought; more are answered
  /// RESOURCE_EXHAUSTED. 4,096 by default.
  public var descriptorsPerConnection: Int
  /// The same on all connections. 16,384 by default.
  public var descriptors: Int
  /// How long to wait for a client's hello. 10 seconds by default.
  public var handshakeTimeout: Duration
  /// How long a connection may be without a call; nil, the default: for ever.
  public var idleTimeout: Duration?
  /// How long a client may be silent, while calls are in flight, before it is asked whether it is
  /// there; nil, the default: for ever. A client that ends is noticed at once; this finds one that hangs.
  public var keepalive: Duration?
  /// How long to wait for an answer to that. 20 seconds by default.
  public var keepaliveTimeout: Duration
  /// Bytes of the largest message taken; a client is told, and a larger one is RESOURCE_EXHAUSTED.
  /// 64 MiB by default, at most 2 GiB less one.
  public var largestMessage: Int
  /// Descriptors of a message; more are RESOURCE_EXHAUSTED. 1,024 by default.
  public var descriptorsPerMessage: Int
  /// What may be on its way on each stream of requests.
  public var window: StreamWindow
  /// Whether to serve `baton.reflection.v1.Reflection`, which tells callers the schema. On by
  /// default.
  public var reflection: Bool
  /// What stands around every call, the outermost first. None by default.
  public var interceptors: [any ServerInterceptor]
  /// How long ``Server/run()`` waits for calls in flight when it ends. 10 seconds by default.
  public var drainTimeout: Duration
  /// Where to report peers that break the protocol (warning), connections that are refused and calls
  /// that the policy refuses (notice), and connections and calls (debug, if the level is on when the
  /// connection begins). Nowhere by default.
  public var logger: Logger
  /// Where to count; nil, the default: where `MetricsSystem` says when the server binds, and nowhere
  /// if it was not bootstrapped.
  public var metrics: (any MetricsFactory)?

  public init(
    loops: Int? = nil, loopOptions: EventLoopOptions = EventLoopOptions(),
    socketMode: UInt32 = 0o600, policy: AccessPolicy = .sameUser || .root,
    methodPolicies: [String: AccessPolicy] = [:], connections: Int = 16_384,
    connectionsPerUser: Int = 4096, callsPerConnection: Int = 1024,
    descriptorsPerConnection: Int = 4096, descriptors: Int = 16_384,
    handshakeTimeout: Duration = .seconds(10), idleTimeout: Duration? = nil,
    keepalive: Duration? = nil, keepaliveTimeout: Duration = .seconds(20),
    largestMessage: Int = 64 << 20, descriptorsPerMessage: Int = 1024,
    window: StreamWindow = StreamWindow(), reflection: Bool = true,
    interceptors: [any ServerInterceptor] = [], drainTimeout: Duration = .seconds(10),
    logger: Logger? = nil, metrics: (any MetricsFactory)? = nil
  ) {
    self.loops = loops ?? Int(baton_processors())
    self.loopOptions = loopOptions
    self.socketMode = socketMode
    self.policy = policy
    self.methodPolicies = methodPolicies
    self.connections = connections
    self.connectionsPerUser = connectionsPerUser
    self.callsPerConnection = callsPerConnection
    self.descriptorsPerConnection = descriptorsPerConnection
    self.descriptors = descriptors
    self.handshakeTimeout = handshakeTimeout
    self.idleTimeout = idleTimeout
    self.keepalive = keepalive
    self.keepaliveTimeout = keepaliveTimeout
    self.largestMessage = largestMessage
    self.descriptorsPerMessage = descriptorsPerMessage
    self.window = window
    self.reflection = reflection
    self.interceptors = interceptors
    self.drainTimeout = drainTimeout
    self.logger = logger ?? Logger(label: "baton") { _ in SwiftLogNoOpLogHandler() }
    self.metrics = metrics
  }
}

extension ServerOptions {
  /// Where no method takes a descriptor, no message may have one.
  func channelLimits(for methods: MethodTable) -> ChannelLimits {
    ChannelLimits(
      largestMessage, methods.takesDescriptors ? descriptorsPerMessage : 0, window)
  }

  var channelTimes: ChannelTimes {
    ChannelTimes(
      handshake: handshakeTimeout, keepalive: keepalive, keepaliveTimeout: keepaliveTimeout)
  }

  func serving(_ methods: MethodTable) -> Serving {
    Serving(
      methods, limits: CodecLimits(upTo: largestMessage), callsPerConnection: callsPerConnection,
      descriptorsPerConnection: descriptorsPerConnection, descriptors: descriptors,
      methodPolicies: methodPolicies, idleTimeout: idleTimeout, interceptors: interceptors,
      logger: logger, metrics: MetricsSystem.listening(metrics))
  }

  /// Throws where a policy is for what is not served: whoever misspelt a method would leave it open.
  func checkPolicies(for methods: MethodTable) throws(ConnectionError) {
    let served = methods.names.values
    for name in methodPolicies.keys.sorted()
    where !served.contains(where: { $0 == name || $0.hasPrefix(name + "/") }) {
      throw ConnectionError(
        .services,
        "a policy is for \"\(name)\", which is no method or service here; expected a name such as files.v1.FileBroker/Open or files.v1.FileBroker"
      )
    }
  }
}
