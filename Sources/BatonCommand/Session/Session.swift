import Baton
import BatonMessages
import Glibc

/// A connection on which calls are made one after the other, within the time the user gives.
///
/// The connection receives on a thread of its own, so that a peer that asks whether this end is there
/// is answered while the command writes, or waits for a program.
struct Session {
  let trace: Trace
  let watch: Watch
  private let connection: Connection
  /// What every call tells the server beside its request.
  private let metadata: Metadata

  /// Connects, within the time of `watch`.
  init(_ server: ServerArguments, _ watch: Watch) async throws(Failure) {
    try await self.init(
      address: server.address, watch, Metadata(server.headers), isVerbose: server.verbose)
  }

  init(
    address text: String, _ watch: Watch, _ metadata: Metadata, isVerbose: Bool
  ) async throws(Failure) {
    let address = try Self.address(text)
    self.watch = watch
    self.metadata = metadata
    trace = Trace(isVerbose: isVerbose)
    var options = ConnectionOptions()
    do throws(RPCError) {
      if let rest = try watch.rest() { options.handshakeTimeout = rest }
    } catch {
      throw Failure(error)
    }
    // However this command ends, a program that it started is told.
    options.childEndsWithThread = true
    options.startsChild = { child in
      watch.endsServer {
        child.terminate()
        child.end(within: .seconds(1))
      }
    }
    do throws(ConnectionError) {
      connection = try await trace.timed { () throws(ConnectionError) in
        try await Connection.connect(to: address, options: options)
      } _: { (connection) in
        "* connected to \(address) (\(Self.text(connection.peer)))"
      }
    } catch {
      // The server's hello is waited for as long as there is time.
      if error.kind == .unreachable && watch.hasPassed {
        throw watch.late("cannot connect to \("\(address)".shortened)")
      }
      throw Failure(.unavailable, "\(error)")
    }
    watch.endsServer { [connection] in connection.close(endingChildWithin: .seconds(1)) }
  }

  private static func address(_ text: String) throws(Failure) -> Address {
    let address: Address
    do throws(ConnectionError) {
      address = try Address(text)
    } catch {
      throw .usage("\(error)")
    }
    if address == .announced {
      throw .usage(
        "expected unix:PATH, unix:@NAME, fd:NUMBER or exec:COMMAND, got systemd, which is for servers"
      )
    }
    return address
  }

  /// A child's socket was made by this process, so that its credentials are this one's.
  private static func text(_ peer: PeerCredentials) -> String {
    let process = peer.processID == getpid() ? "a child" : "pid \(peer.processID)"
    return "\(process), uid \(peer.userID), gid \(peer.groupID)"
  }

  /// Ends the connection. A server that this command started is given time to end, too, and then
  /// ended: none is left behind.
  func end() {
    connection.close(endingChildWithin: .seconds(1))
  }

  /// The connection's own thread.
  var loop: EventLoop { connection.loop }

  /// Calls `method`, a full name, and waits for the reply.
  func call(_ method: String, _ request: EncodedMessage) async throws(RPCError) -> Reply {
    let beside = MetadataTrace(trace)
    defer { beside.ended() }
    let options = try options(beside)
    return try await trace.timed { () throws(RPCError) in
      try await connection.call(method: method, request, options: options)
    } _: { reply in
      "* \(method): \(request.bytes.count) bytes and \(request.descriptors.count) descriptors out, "
        + "\(reply.bytes.count) bytes and \(reply.descriptors.count) descriptors back"
    }
  }

  /// Calls `method` with one request.
  func replies(
    of method: String, to request: EncodedMessage, _ beside: MetadataTrace
  ) throws(RPCError) -> ReplyStream {
    connection.serverStream(method: method, request, options: try options(beside))
  }

  /// Calls `method` with a stream of requests.
  func call(
    _ method: String, _ beside: MetadataTrace,
    _ body: (EncodedRequestWriter, ReplyStream) async throws -> Void
  ) async throws {
    try await connection.bidirectionalStream(method: method, options: try options(beside), body)
  }

  private func options(_ beside: MetadataTrace) throws(RPCError) -> CallOptions {
    CallOptions(timeout: try watch.rest(), metadata: metadata, info: beside.info)
  }
}
