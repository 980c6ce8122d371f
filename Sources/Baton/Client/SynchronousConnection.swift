public import BatonMessages
import CoreMetrics
import Logging
import Synchronization
import SystemPackage

/// A client's connection whose calls block the calling thread: for callers that are not async, and
/// the shortest way there and back. One call is in flight at a time; further callers wait their turn.
///
/// It is not made again when it is lost: every call fails with UNAVAILABLE then, and the caller makes
/// another.
public final class SynchronousConnection: Sendable {
  /// Who is at the other end.
  public let peer: PeerCredentials
  private let core: Mutex<SynchronousCore>
  private let child: ChildProcess?
  /// nil where nobody listens.
  private let metrics: CallMetrics?

  /// Connects and waits until the server has said hello. Of `options`, the polling of
  /// `loopOptions`, the server's policy, the handshake's timeout, the limits of messages, the logger
  /// and the metrics count.
  public static func connect(
    to address: Address, options: ConnectionOptions = ConnectionOptions()
  ) throws(ConnectionError) -> SynchronousConnection {
    let (socket, child) = try Dialer.connect(address, options)
    let peer: PeerCredentials
    do throws(Errno) {
      peer = try PeerCredentials(of: socket)
    } catch {
      throw ConnectionError(.unreachable, "cannot use \(address)", errno: error)
    }
    if let refusal = options.serverPolicy.refusal(ofServer: peer, "\(address)") {
      child?.terminate()
      throw refusal
    }
    let connection = SynchronousConnection(socket, child, peer, options)
    try connection.greet(within: options.handshakeTimeout, address)
    return connection
  }

  private init(
    _ socket: PacketSocket, _ child: ChildProcess?, _ peer: PeerCredentials,
    _ options: ConnectionOptions
  ) {
    self.peer = peer
    self.child = child
    let factory = MetricsSystem.listening(options.metrics)
    metrics = factory.map { CallMetrics(.client, $0) }
    core = Mutex(
      SynchronousCore(
        socket, options, options.logger.of(socket, peer),
        factory.map { ConnectionMetrics(.client, $0) }))
  }

  private func greet(within timeout: Duration, _ address: Address) throws(ConnectionError) {
    let result: Result<Void, ConnectionError> = core.withLock { core in
      do throws(ConnectionError) {
        return .success(try core.greet(within: timeout))
      } catch {
        return .failure(error)
      }
    }
    do throws(ConnectionError) {
      try result.get()
    } catch {
      let ending = child?.endingSoon
      child?.terminate()
      throw ending.map { error.explained(by: $0, "\(address)") }
        ?? error.notAnswered(by: "\(address)")
    }
  }

  /// Ends the connection, once the call in flight is over.
  public func close() {
    core.withLock { $0.close() }
  }

  /// Calls a method and waits for its reply.
  @inlinable
  public func call<Request: Message, Response: Message>(
    _ method: Method<Request, Response>, _ request: Request, options: CallOptions = CallOptions()
  ) throws(RPCError) -> Response {
    var response: Response?
    try call(
      method.identity, options,
      { (send) throws(CodecError) in try request.packed(send) },
      { (message, descriptors, limits) throws(CodecError) in
        response = try Response(unpacking: message, descriptors: &descriptors, limits: limits)
      })
    guard let response else { throw RPCError.unread }
    return response
  }

  @usableFromInline
  func call(
    _ method: MethodIdentity, _ options: CallOptions, _ write: SynchronousCore.Write,
    _ read: SynchronousCore.Read
  ) throws(RPCError) {
    let observed = observe(method)
    // Another thread's call may be in turn.
    let options = options.begun
    let result: Result<Void, RPCError> = core.withLock { core in
      do throws(RPCError) {
        return .success(try core.call(method, options, write, read))
      } catch {
        return .failure(error)
      }
    }
    do throws(RPCError) {
      try result.get()
      observed?.ended()
    } catch {
      observed?.ended(error)
      throw error
    }
  }

  /// Calls a method by its name, `files.v1.FileBroker/Open`, with a message that is encoded already.
  public func call(
    method name: String, _ request: EncodedMessage, options: CallOptions = CallOptions()
  ) throws(RPCError) -> Reply {
    let method = MethodIdentity(name)
    let observed = observe(method)
    let options = options.begun
    let result: Result<Reply, RPCError> = core.withLock { core in
      do throws(RPCError) {
        return .success(try core.call(method, request, options))
      } catch {
        return .failure(error)
      }
    }
    switch consume result {
    case .success(let reply):
      observed?.ended()
      return reply
    case .failure(let error):
      observed?.ended(error)
      throw error
    }
  }

  private func observe(_ method: MethodIdentity) -> ObservedCall? {
    metrics.map { ObservedCall($0.called(method)) }
  }
}
