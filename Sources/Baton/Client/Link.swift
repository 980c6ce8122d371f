import Logging

/// One live connection: what a ``Connection`` calls over until it is lost, and then over another.
final class Link: Sendable {
  let core: ClientCore
  let peer: PeerCredentials
  /// The connection's own.
  let logger: Logger
  private let endpoint: Endpoint

  init(
    _ core: ClientCore, _ peer: PeerCredentials, _ endpoint: Endpoint, _ logger: Logger
  ) {
    self.core = core
    self.peer = peer
    self.endpoint = endpoint
    self.logger = logger
  }

  /// Begins to receive, after saying hello. On the loop's thread.
  func start() { core.channel.start(endpoint) }

  /// Ends it. Calls in flight fail with UNAVAILABLE. On any thread.
  func close(_ error: ConnectionError) {
    core.channel.loop.execute { self.core.channel.end(error) }
  }

  /// Says that no more calls are made, so that the server ends the connection behind the answers it
  /// owes. On any thread.
  func leave(_ error: RPCError) {
    core.leave(error)
    // A call that begins meanwhile has maybe not seen that, and its request not left.
    core.channel.refuseRequests()
    core.channel.loop.execute { self.endpoint.sayGoodbye() }
  }
}

/// What a link tells whoever made it, on the loop's thread.
protocol LinkOwner: AnyObject, Sendable {
  /// The server said hello.
  func opened(_ core: ClientCore)
  /// The server takes no more calls: `error` tells callers, `reason` why there is no connection.
  func leaving(_ core: ClientCore, _ error: RPCError, _ reason: ConnectionError)
  /// Nothing comes or goes any more.
  func ended(_ core: ClientCore, _ error: ConnectionError)
}
