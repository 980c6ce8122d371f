public import BatonMessages
import SystemPackage

/// A client's connection to a server. Any number of calls may be in flight; replies come in any
/// order. When the connection is lost, every call in flight fails with UNAVAILABLE at once.
///
/// A connection to an address that can be dialled again, `unix:PATH` and `unix:@NAME`, is made again
/// then (``ConnectionOptions/reconnection``), and ``state`` tells where it stands. One over a socket
/// that was given (`fd:`), to a child (`exec:`), which is its starter's to start again, or within the
/// process is lost for good. So is the connection of a handler to its caller
/// (``CallContext/connection``).
///
/// It ends with ``close()`` or ``drain(within:)``, or with its last reference.
public final class Connection: Sendable {
  /// The loop that receives. Tasks that prefer it (`withTaskExecutorPreference`) call without
  /// changing threads.
  public let loop: EventLoop
  @usableFromInline package let route: Route
  /// nil without interceptors.
  @usableFromInline let interception: ClientInterception?
  /// Who was at the other end first.
  private let firstPeer: PeerCredentials
  private let ownsLoop: Bool
  private let isLent: Bool
  private let child: ChildProcess?

  /// Connects and waits until the server has said hello. `fd:` takes the number over. This first
  /// attempt is the only one: a server that is not there is `unreachable`.
  public static func connect(
    to address: Address, options: ConnectionOptions = ConnectionOptions()
  ) async throws(ConnectionError) -> Connection {
    let (socket, child) = try await Dialer.connectAside(address, options)
    if let child { options.startsChild?(child) }
    do throws(ConnectionError) {
      return try await open(socket, child, options, "\(address)", address)
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

  /// `address` is where the server can be found again; nil: nowhere.
  static func open(
    _ socket: PacketSocket, _ child: ChildProcess?, _ options: ConnectionOptions, _ name: String,
    _ address: Address? = nil
  ) async throws(ConnectionError) -> Connection {
    let loop: EventLoop
    do throws(Errno) {
      loop =
        if let given = options.loop { given } else {
          try EventLoop(options: options.loopOptions)
        }
    } catch {
      throw ConnectionError(.unreachable, "cannot use \(name)", errno: error)
    }
    do throws(ConnectionError) {
      let dialer = try LinkDialer(name, address, loop, options)
      let route = Route(dialer, options)
      let link = try dialer.link(over: socket, for: route)
      let connection = Connection(
        route, link.peer, child, ownsLoop: options.loop == nil,
        ClientInterception(options.interceptors))
      if let error = await route.open(link) { throw error.notAnswered(by: name) }
      return connection
    } catch {
      let ending = child?.endingSoon
      child?.terminate()
      if options.loop == nil { loop.shutdown() }
      throw ending.map { error.explained(by: $0, name) } ?? error
    }
  }

  private init(
    _ route: Route, _ peer: PeerCredentials, _ child: ChildProcess?, ownsLoop: Bool,
    _ interception: ClientInterception?
  ) {
    self.route = route
    self.child = child
    self.ownsLoop = ownsLoop
    self.interception = interception
    firstPeer = peer
    loop = route.loop
    isLent = false
  }

  /// The other direction of a connection that is somebody else's to end.
  init(lent route: Route, _ peer: PeerCredentials) {
    self.route = route
    firstPeer = peer
    loop = route.loop
    child = nil
    interception = nil
    ownsLoop = false
    isLent = true
  }

  deinit {
    if !isLent { close() }
  }

  /// Who is at the other end, or was when there last was somebody.
  public var peer: PeerCredentials { route.peer ?? firstPeer }

  /// Where the connection stands now.
  public var state: ConnectionState { route.state }

  /// Where it stands now and from now on.
  public var states: ConnectionStates { ConnectionStates(route) }

  /// Ends the connection. Calls in flight fail with UNAVAILABLE.
  public func close() {
    route.close(ConnectionError(.closed, "the connection was closed by this end"))
    if ownsLoop { loop.shutdown() }
  }

  /// Makes no more calls, which fail with UNAVAILABLE, tells the server so, and ends the connection when
  /// those in flight are over; or, failing them, when `timeout` has passed or the task is cancelled.
  public func drain(within timeout: Duration = .seconds(10)) async {
    await route.drain(within: timeout)
    close()
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
    return try await callDirectly(method, request, options)
  }

  @inlinable
  nonisolated(nonsending) func callDirectly<Request: Message, Response: Message>(
    _ method: Method<Request, Response>, _ request: Request, _ options: CallOptions
  ) async throws(RPCError) -> Response {
    guard let core = route.ready else { return try await callWhenReady(method, request, options) }
    // The options are copied only where they are used again.
    let beginning = options.beginning
    do throws(RPCError) {
      return try await core.call(method, request, options)
    } catch {
      return try await callAgain(
        method, request, options.begun(at: beginning), after: error, wasRouted: true)
    }
  }

  /// Makes a call for which there is no connection yet.
  @usableFromInline
  nonisolated(nonsending) func callWhenReady<Request: Message, Response: Message>(
    _ method: Method<Request, Response>, _ request: Request, _ options: CallOptions
  ) async throws(RPCError) -> Response {
    let options = options.begun
    var wasRouted = false
    do throws(RPCError) {
      let core = try await route.core(for: method.identity, options)
      wasRouted = true
      return try await core.call(method, request, options)
    } catch {
      return try await callAgain(method, request, options, after: error, wasRouted: wasRouted)
    }
  }

  /// Makes a call again, where that is to be, whose first attempt failed.
  @usableFromInline
  nonisolated(nonsending) func callAgain<Request: Message, Response: Message>(
    _ method: Method<Request, Response>, _ request: Request, _ options: CallOptions,
    after error: RPCError, wasRouted: Bool
  ) async throws(RPCError) -> Response {
    let failed = FailedCall(
      method.identity, isIdempotent: method.isIdempotent,
      hasDescriptors: (try? request.carriedDescriptors().isEmpty) != true, error,
      wasRouted: wasRouted)
    var response: Response?
    try await route.retry(failed, options) { (core) async throws(RPCError) in
      response = try await core.call(method, request, options)
    }
    guard let response else { throw RPCError.unread }
    return response
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
      try await callDirectly(name, request, options.begun, reply)
    }
    return reply.take()
  }

  nonisolated(nonsending) private func callDirectly(
    _ name: String, _ request: EncodedMessage, _ options: CallOptions, _ reply: ReplySlot
  ) async throws(RPCError) {
    let method = MethodIdentity(name)
    var wasRouted = false
    do throws(RPCError) {
      let core = try await route.core(for: method, options)
      wasRouted = true
      try await callOnce(core, method, request, options, reply)
    } catch {
      // What the schema says of the method is not known.
      let failed = FailedCall(
        method, isIdempotent: false, hasDescriptors: !request.descriptors.isEmpty, error,
        wasRouted: wasRouted)
      try await route.retry(failed, options) { (core) async throws(RPCError) in
        try await callOnce(core, method, request, options, reply)
      }
    }
  }

  nonisolated(nonsending) private func callOnce(
    _ core: ClientCore, _ method: MethodIdentity, _ request: EncodedMessage,
    _ options: CallOptions, _ reply: ReplySlot
  ) async throws(RPCError) {
    let call = UnaryCall { (message, descriptors, _) in reply.put(message, &descriptors) }
    try await core.run(call, method, options, encoded: request)
  }
}

/// A reply as it came: an encoded message and its descriptors, which are closed with it unless they
/// are claimed by reading the message.
public struct Reply: ~Copyable {
  public var bytes: [UInt8]
  public var descriptors: ReceivedDescriptors
}
