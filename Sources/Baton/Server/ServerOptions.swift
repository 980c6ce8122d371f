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
  /// Whether to serve `baton.reflection.v1.Reflection`, which tells callers the schema. On by
  /// default.
  public var reflection: Bool
  /// How long ``Server/run()`` waits for calls in flight when it ends. 10 seconds by default.
  public var drainTimeout: Duration
  /// Where to report peers that break the protocol and the like. Nowhere by default.
  public var logger: Logger

  public init(
    loops: Int? = nil, loopOptions: EventLoopOptions = EventLoopOptions(),
    socketMode: UInt32 = 0o600, callsPerConnection: Int = 1024, reflection: Bool = true,
    drainTimeout: Duration = .seconds(10), logger: Logger? = nil
  ) {
    self.loops = loops ?? Int(baton_processors())
    self.loopOptions = loopOptions
    self.socketMode = socketMode
    self.callsPerConnection = callsPerConnection
    self.reflection = reflection
    self.drainTimeout = drainTimeout
    self.logger = logger ?? Logger(label: "baton") { _ in SwiftLogNoOpLogHandler() }
  }
}
