import Baton
import Testing

/// A blocking client in this process and a raw peer that plays its server.
struct BlockingScene: RawServer {
  let attacker: RawPeer
  /// The number of the socket that the attacker is connected to.
  let other: Int32
  let client: SynchronousConnection

  /// Runs a scene, then asserts that no number is left open.
  static func run(_ body: @Sendable (BlockingScene) async throws -> Void) async throws {
    let before = OpenNumbers.names()
    try await play(body)
    await OpenNumbers.expect(before)
  }

  private static func play(_ body: @Sendable (BlockingScene) async throws -> Void) async throws {
    let (attacker, other) = try RawPeer.pair()
    try attacker.send(RawFrame.hello.bytes)
    let client = try SynchronousConnection.connect(to: Address("fd:\(other)"))
    _ = try await attacker.receive()
    try await body(BlockingScene(attacker: attacker, other: other, client: client))
    client.close()
  }

  /// Calls on a thread of its own.
  func call(
    _ method: Baton.Method<Parcel, Parcel>, _ parcel: Parcel = Parcel(),
    options: CallOptions = CallOptions()
  ) async -> Outcome {
    await withCheckedContinuation { ended in
      OwnThread.run { [client] in
        do throws(RPCError) {
          ended.resume(
            returning: Outcome(reply: try client.call(method, parcel, options: options)))
        } catch {
          ended.resume(returning: Outcome(error: error))
        }
      }
    }
  }
}
