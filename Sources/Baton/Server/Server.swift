internal import CBaton
import Logging
import Synchronization
import SystemPackage

/// Serves services at one or more addresses: many connections, many calls in flight on each.
public final class Server: Sendable {
  private let addresses: [String]
  private let services: [any RPCService]
  private let options: ServerOptions
  private let state = Mutex(State())

  private struct State: ~Copyable {
    var bound: Bound?
    var loops: [EventLoop] = []
    var nextLoop = 0
    var connections: [ObjectIdentifier: ServerConnection] = [:]
    var connectionsOfUsers: [UInt32: Int] = [:]
    /// Connected before the server ran.
    var early: [PacketSocket] = []
    var isLeaving = false
    var hasRun = false
  }

  private struct Bound {
    let serving: Serving
    let limits: ChannelLimits
    let listeners: [Listener]
    let connected: [PacketSocket]
  }

  /// Cancelled, or nothing is left to serve.
  private let stopped = OneShot()
  /// The last connection ended after that.
  private let drained = OneShot()

  /// A server at `unix:PATH`, `unix:@NAME`, `fd:NUMBER` (a listening or a connected socket, which it
  /// takes over) or `systemd` (the sockets that LISTEN_FDS announces).
  public convenience init(
    address: String, services: [any RPCService], options: ServerOptions = ServerOptions()
  ) {
    self.init(addresses: [address], services: services, options: options)
  }

  /// A server at several addresses; with none it serves those who ``connect(options:)`` in process.
  public init(
    addresses: [String], services: [any RPCService], options: ServerOptions = ServerOptions()
  ) {
    self.addresses = addresses
    self.services = services
    self.options = options
  }

  /// Makes the sockets, so that clients can connect; they are served by ``run()``, which calls this
  /// where it has not been called.
  public func bind() throws(ConnectionError) {
    if state.withLock({ $0.bound != nil }) { return }
    let methods = try MethodTable(services, reflection: options.reflection)
    try options.checkPolicies(for: methods)
    var listeners: [Listener] = []
    var connected: [PacketSocket] = []
    do throws(ConnectionError) {
      for text in addresses {
        let address = try Address(text)
        for number in try Self.numbers(of: address) {
          switch try InheritedSocket.kind(of: number) {
          case .listening: listeners.append(.adopt(number))
          case .connected: connected.append(PacketSocket(adopting: number))
          }
        }
        if case .path = address { listeners.append(try .bind(address, mode: options.socketMode)) }
        if case .abstract = address { listeners.append(try .bind(address, mode: 0)) }
        if case .command = address { listeners.append(try .bind(address, mode: 0)) }
      }
    } catch {
      for listener in listeners { listener.removeFile() }
      throw error
    }
    // Nobody hands anything over before the policy has passed; older kernels cannot be told.
    for listener in listeners { baton_pass_rights(listener.number, false) }
    state.withLock {
      $0.bound = Bound(
        serving: options.serving(methods), limits: options.channelLimits(for: methods),
        listeners: listeners, connected: connected)
    }
  }

  private static func numbers(of address: Address) throws(ConnectionError) -> [Int32] {
    switch address {
    case .inherited(let number): [number]
    case .announced: try InheritedSocket.announced()
    default: []
    }
  }

  /// Raises the process's soft limit of open files to its hard one (setrlimit(2)), then
  /// serves until the task is cancelled, or until the last of the connected sockets it was given
  /// ends where it does not listen. Then it takes no more calls, waits for those in flight as long as
  /// the options say, and removes the sockets' files. It runs once: throws, too, the second time.
  public func run() async throws(ConnectionError) {
    try await run(until: nil)
  }

  /// The same, and until one of `signals` has come to the process, SIGTERM or SIGINT as an example:
  /// calls in flight are answered as far as ``ServerOptions/drainTimeout`` allows, then this returns.
  /// Clients are told at once, and go elsewhere with new calls.
  ///
  /// The signals are caught from before the sockets are made (sigaction(2)) until the first of them has
  /// come or this returns; then they do what they did before, so that a second one ends the process.
  /// Throws, too, when another server of the process waits for one of them.
  public func run(
    untilSignals signals: [ServerSignal]
  ) async throws(ConnectionError) {
    let watch = try SignalWatch(signals) { [stopped] in stopped.fire() }
    defer { watch.end() }
    try await run(until: watch)
  }

  private func run(until watch: SignalWatch?) async throws(ConnectionError) {
    try bind()
    // Where it could not bind, it may be tried again.
    let isFirst = state.withLock { state in
      defer { state.hasRun = true }
      return !state.hasRun
    }
    if !isFirst {
      throw ConnectionError(.closed, "the server runs, or has run, already: make another one")
    }
    guard let bound = state.withLock({ $0.bound }) else { return }
    baton_raise_descriptor_limit()
    let loops = try makeLoops()
    let early = state.withLock { state in
      state.loops = loops
      defer { state.early = [] }
      return state.early
    }
    let acceptors = accept(bound.listeners, loops[0])
    for socket in bound.connected + early { adopt(socket, bound) }
    stopIfDone()
    if let watch { start(watch, on: loops[0]) }
    await withTaskCancellationHandler {
      await stopped.wait()
    } onCancel: {
      stopped.fire()
    }
    for acceptor in acceptors { acceptor.stop() }
    for listener in bound.listeners { listener.removeFile() }
    await drain(loops[0])
    for loop in loops { loop.shutdown() }
  }

  /// Connects to this server within the process, over a socket pair.
  public func connect(
    options: ConnectionOptions = ConnectionOptions()
  ) async throws(ConnectionError) -> Connection {
    let ours: PacketSocket
    let theirs: PacketSocket
    do throws(Errno) {
      (ours, theirs) = try PacketSocket.pair()
    } catch {
      throw ConnectionError(.unreachable, "socketpair", errno: error)
    }
    let bound: Bound? = state.withLock { state in
      if state.loops.isEmpty { state.early.append(theirs) }
      return state.loops.isEmpty ? nil : state.bound
    }
    if let bound { adopt(theirs, bound) }
    return try await Connection.open(ours, nil, options, "the server in this process")
  }

  // MARK: Life

  private func start(_ watch: SignalWatch, on loop: EventLoop) {
    loop.execute { [logger = options.logger] in
      do throws(Errno) {
        try watch.start(on: loop)
      } catch {
        logger.critical("cannot wait for signals: \(error)")
      }
    }
  }

  private func makeLoops() throws(ConnectionError) -> [EventLoop] {
    var loops: [EventLoop] = []
    do throws(Errno) {
      for _ in 0..<max(1, options.loops) {
        loops.append(try EventLoop(options: options.loopOptions))
      }
    } catch {
      for loop in loops { loop.shutdown() }
      throw ConnectionError(.address, "cannot start an event loop", errno: error)
    }
    return loops
  }

  private func accept(
    _ listeners: [Listener], _ loop: EventLoop
  ) -> [Acceptor] {
    let acceptors = listeners.map { listener in
      Acceptor(listener, loop: loop, logger: options.logger) { [weak self] socket in
        guard let self, let bound = state.withLock({ $0.bound }) else { return }
        adopt(socket, bound)
      }
    }
    for acceptor in acceptors {
      loop.execute { [logger = options.logger] in
        do throws(Errno) {
          try acceptor.start()
        } catch {
          logger.critical("cannot accept connections: \(error)")
        }
      }
    }
    return acceptors
  }

  /// Serves a connection, if the policy and the limits allow it.
  private func adopt(_ socket: PacketSocket, _ bound: Bound) {
    guard let peer = try? PeerCredentials(of: socket) else { return }
    if let refusal = options.policy.refusal(of: peer) ?? admit(peer) {
      options.logger.of(socket, peer).notice("refused a connection: \(refusal.message)")
      return Channel.refuse(socket, refusal, bound.limits)
    }
    if bound.limits.mostDescriptors > 0 { baton_pass_rights(socket.number, true) }
    let loop = state.withLock { state in
      defer { state.nextLoop += 1 }
      return state.loops[state.nextLoop % state.loops.count]
    }
    let connection = ServerConnection(
      Channel(
        socket, loop: loop, limits: bound.limits, times: options.channelTimes,
        bound.serving.metrics?.connections), peer, bound.serving
    ) { [weak self] in self?.ended($0) }
    // In one step, so that whoever drains leaves every connection that is served.
    let isServed = state.withLock { state in
      if !state.isLeaving { state.connections[ObjectIdentifier(connection)] = connection }
      return !state.isLeaving
    }
    if isServed { connection.start() } else { release(peer) }
  }

  /// Counts a connection that is to be served. Why it is not; nil when it is.
  private func admit(_ peer: PeerCredentials) -> RPCError? {
    let (connections, perUser) = (options.connections, options.connectionsPerUser)
    return state.withLock { state in
      let ofUser = state.connectionsOfUsers[peer.userID, default: 0]
      if state.connections.count >= connections {
        return RPCError(.resourceExhausted, "expected at most \(connections) connections")
      }
      if ofUser >= perUser {
        return RPCError(
          .resourceExhausted,
          "expected at most \(perUser) connections of user \(peer.userID)")
      }
      state.connectionsOfUsers[peer.userID] = ofUser + 1
      return nil
    }
  }

  private func release(_ peer: PeerCredentials) {
    state.withLock { state in
      let left = state.connectionsOfUsers[peer.userID, default: 1] - 1
      state.connectionsOfUsers[peer.userID] = left > 0 ? left : nil
    }
  }

  private func ended(_ connection: ServerConnection) {
    release(connection.peer)
    let isDrained = state.withLock { state in
      state.connections[ObjectIdentifier(connection)] = nil
      return state.isLeaving && state.connections.isEmpty
    }
    if isDrained { drained.fire() }
    stopIfDone()
  }

  /// Without a listener there is nothing to wait for when the connections it was given have ended.
  private func stopIfDone() {
    let isDone = state.withLock { state in
      guard let bound = state.bound, bound.listeners.isEmpty, !bound.connected.isEmpty else {
        return false
      }
      return state.connections.isEmpty
    }
    if isDone { stopped.fire() }
  }

  private func drain(_ loop: EventLoop) async {
    let connections = state.withLock { state in
      state.isLeaving = true
      return Array(state.connections.values)
    }
    for connection in connections { connection.leave() }
    for service in services { service.serverIsLeaving() }
    if connections.isEmpty { return }
    let timer = loop.schedule(
      at: LoopClock.now &+ UInt64(options.drainTimeout.clampedNanoseconds)
    ) {
      for connection in self.state.withLock({ Array($0.connections.values) }) { connection.close() }
    }
    await drained.wait()
    timer.cancel()
  }
}
