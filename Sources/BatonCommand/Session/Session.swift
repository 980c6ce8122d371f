import Baton
import BatonMessages
import Glibc

/// A connection on which calls are made one after the other, within the time the user gives.
struct Session {
  let trace: Trace
  private let connection: SynchronousConnection
  private let timeout: Duration?
  private let deadline: ContinuousClock.Instant?

  /// Connects. The time runs from now on.
  init(_ server: ServerArguments) throws(Failure) {
    try self.init(address: server.address, timeout: server.timeout, isVerbose: server.verbose)
  }

  init(address text: String, timeout: Duration?, isVerbose: Bool) throws(Failure) {
    let address = try Self.address(text)
    self.timeout = timeout
    deadline = timeout.map { .now + $0 }
    trace = Trace(isVerbose: isVerbose)
    var options = ConnectionOptions()
    if let timeout { options.handshakeTimeout = timeout }
    // However this command ends, a program that it started is told.
    options.childEndsWithThread = true
    do throws(ConnectionError) {
      connection = try trace.timed { () throws(ConnectionError) in
        try SynchronousConnection.connect(to: address, options: options)
      } _: { (connection) in
        "* connected to \(address) (\(Self.text(connection.peer)))"
      }
    } catch {
      throw Failure(.unavailable, "\(error)")
    }
  }

  private static func address(_ text: String) throws(Failure) -> Address {
    do throws(ConnectionError) {
      return try Address(text)
    } catch {
      throw .usage("\(error)")
    }
  }

  /// A child's socket was made by this process, so that its credentials are this one's.
  private static func text(_ peer: PeerCredentials) -> String {
    let process = peer.processID == getpid() ? "a child" : "pid \(peer.processID)"
    return "\(process), uid \(peer.userID), gid \(peer.groupID)"
  }

  /// Ends the connection. A server that this command started is given time to end, too.
  func end() {
    connection.close(waitingForChild: .seconds(1))
  }

  /// Calls `method`, a full name, and waits for the reply.
  func call(_ method: String, _ request: EncodedMessage) throws(RPCError) -> Reply {
    var options = CallOptions()
    if let deadline, let timeout {
      let rest = ContinuousClock.now.duration(to: deadline)
      if rest <= .zero { throw RPCError(.deadlineExceeded, "no answer within \(timeout)") }
      options.timeout = rest
    }
    return try trace.timed { () throws(RPCError) in
      try connection.call(method: method, request, options: options)
    } _: { reply in
      "* \(method): \(request.bytes.count) bytes and \(request.descriptors.count) descriptors out, "
        + "\(reply.bytes.count) bytes and \(reply.descriptors.count) descriptors back"
    }
  }
}
