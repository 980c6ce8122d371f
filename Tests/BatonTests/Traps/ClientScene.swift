import Baton
import Testing

/// A client in this process and a raw peer that plays its server.
struct ClientScene: RawServer {
  let attacker: RawPeer
  /// The number of the socket that the attacker is connected to.
  let other: Int32
  let client: Connection

  /// Runs a scene, then asserts that no number is left open.
  static func run(
    hello: [RawFrame] = [.hello], options: ConnectionOptions = ConnectionOptions(),
    _ body: @Sendable (ClientScene) async throws -> Void
  ) async throws {
    let before = OpenNumbers.names()
    try await play(hello, options, body)
    await OpenNumbers.expect(before)
  }

  private static func play(
    _ hello: [RawFrame], _ options: ConnectionOptions,
    _ body: @Sendable (ClientScene) async throws -> Void
  ) async throws {
    let (attacker, other) = try RawPeer.pair()
    try attacker.send(hello.flatMap(\.bytes))
    let client = try await Connection.connect(to: Address("fd:\(other)"), options: options)
    _ = try await attacker.receive()
    try await body(ClientScene(attacker: attacker, other: other, client: client))
    client.close()
  }

  /// Starts a call.
  func begin(
    _ method: Baton.Method<Parcel, Parcel>, _ parcel: Parcel = Parcel(),
    options: CallOptions = CallOptions()
  ) -> Task<Outcome, Never> {
    Task { [client] in
      do throws(RPCError) {
        return Outcome(reply: try await client.call(method, parcel, options: options))
      } catch {
        return Outcome(error: error)
      }
    }
  }

  /// The first outcome there is.
  func first(of calls: [Task<Outcome, Never>]) async -> Outcome? {
    let (outcomes, continuation) = AsyncStream<Outcome>.makeStream()
    for call in calls { Task { continuation.yield(await call.value) } }
    var iterator = outcomes.makeAsyncIterator()
    return await iterator.next()
  }
}

/// How a call ended: with a reply or an error.
struct Outcome: Sendable {
  var reply: Parcel?
  var error: RPCError?
}
