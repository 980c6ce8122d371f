import CoreMetrics
import Logging
import SystemPackage

/// Makes links, one after another, to one server.
struct LinkDialer: Sendable {
  /// How the server is named in errors and in the log.
  let name: String
  /// nil where it cannot be dialled again.
  let address: Address?
  let loop: EventLoop
  let metrics: CallMetrics?
  private let connectionMetrics: ConnectionMetrics?
  let options: ConnectionOptions
  /// What the server may call; nil: nothing.
  private let serving: Serving?

  init(
    _ name: String, _ address: Address?, _ loop: EventLoop, _ options: ConnectionOptions
  ) throws(ConnectionError) {
    self.name = name
    self.address = address.flatMap { $0.canBeDialledAgain ? $0 : nil }
    self.loop = loop
    self.options = options
    let factory = MetricsSystem.listening(options.metrics)
    metrics = factory.map { CallMetrics(.client, $0) }
    connectionMetrics = factory.map { ConnectionMetrics(.client, $0) }
    let methods = try MethodTable(options.services, reflection: false)
    serving = options.services.isEmpty ? nil : options.serving(methods)
  }

  /// Connects. On any thread: it does not wait.
  func dial(for owner: any LinkOwner) throws(ConnectionError) -> Link {
    guard let address else { throw ConnectionError(.closed, "\(name) cannot be connected again") }
    return try link(over: try Dialer.connectAgain(address), for: owner)
  }

  /// A link over a socket that is connected, which it takes over. It is to be started.
  func link(
    over socket: PacketSocket, for owner: any LinkOwner
  ) throws(ConnectionError) -> Link {
    let peer: PeerCredentials
    do throws(Errno) {
      peer = try PeerCredentials(of: socket)
    } catch {
      throw ConnectionError(.unreachable, "cannot use \(name)", errno: error)
    }
    if let refusal = options.serverPolicy.refusal(ofServer: peer, name) { throw refusal }
    let channel = Channel(
      socket, loop: loop, limits: options.channelLimits, times: options.channelTimes,
      connectionMetrics)
    let core = ClientCore(channel, limits: options.codecLimits, metrics, owner)
    let callee = serving.map { ServerConnection(channel, peer, $0) { _ in } }
    let logger = options.logger.of(socket, peer)
    let endpoint = Endpoint(channel, accepted: false, caller: core, callee: callee, logger)
    return Link(core, peer, endpoint, logger)
  }
}
