import BatonMessages
internal import CBaton
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
  /// How long ``Server/run()`` waits for calls in flight when it ends. 10 seconds by default.
  public var drainTimeout: Duration
  /// Where to report peers that break the protocol and the like. Nowhere by default.
  public var logger: Logger

  public init(
    loops: Int? = nil, loopOptions: EventLoopOptions = EventLoopOptions(),
    socketMode: UInt32 = 0o600, callsPerConnection: Int = 1024,
    largestMessage: Int = 64 << 20, descriptorsPerMessage: Int = 1024,
    window: StreamWindow = StreamWindow(), reflection: Bool = true,
    drainTimeout: Duration = .seconds(10), logger: Logger? = nil
  ) {
    self.loops = loops ?? Int(baton_processors())
    self.loopOptions = loopOptions
    self.socketMode = socketMode
    self.callsPerConnection = callsPerConnection
    self.largestMessage = largestMessage
    self.descriptorsPerMessage = descriptorsPerMessage
    self.window = window
    self.reflection = reflection
    self.drainTimeout = drainTimeout
    self.logger = logger ?? Logger(label: "baton") { _ in SwiftLogNoOpLogHandler() }
  }
}

extension ServerOptions {
  var channelLimits: ChannelLimits {
    ChannelLimits(largestMessage, descriptorsPerMessage, window)
  }
  var codecLimits: CodecLimits { CodecLimits(upTo: largestMessage) }
}
