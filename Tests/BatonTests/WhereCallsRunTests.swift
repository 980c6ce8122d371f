import Baton
import BatonMessages
import Testing

/// An interceptor that runs where its own task does, not where its caller does.
private struct Refusing: ClientInterceptor {
  func intercept(
    _ call: InterceptedCall, info: ReplyInfo, next: (InterceptedCall) async throws -> Void
  ) async throws {
    if call.metadata["refuse"] != nil { throw RPCError(.unauthenticated, "refused") }
    try await next(call)
  }
}

private struct Failure: Error {}

// Other tests may hold every thread of Swift's pool for a while, where some of these handlers run.
@Suite(.timeLimit(.minutes(5))) struct WhereCallsRunTests {
  /// Handlers that have been elsewhere when they end. A number above 9 fails.
  static let handlers: [@Sendable (EchoMessage, CallContext) async throws -> EchoMessage] = [
    { request, context in
      try await context.offLoop {
        if request.number > 9 { throw Failure() }
        return request
      }
    },
    { request, _ in
      try await withTaskExecutorPreference(globalConcurrentExecutor) {
        if request.number > 9 { throw Failure() }
        return request
      }
    },
    { @MainActor request, _ in
      if request.number > 9 { throw Failure() }
      return request
    },
    { request, _ in
      try await Task.detached {
        if request.number > 9 { throw Failure() }
        return request
      }.value
    },
  ]

  @Test(arguments: handlers.indices)
  func `a handler that was elsewhere answers, whether it returns or throws`(
    _ index: Int
  ) async throws {
    try await withServer(EchoService(handler: Self.handlers[index])) { address in
      let connection = try await Connection.connect(to: Address(address))
      for number in [1, 2, 10, 3] as [UInt64] {
        do throws(RPCError) {
          let reply = try await connection.call(EchoService.echo, EchoMessage(number: number))
          #expect(reply.number == number && number <= 9)
        } catch {
          #expect(error.code == .unknown && number > 9)
        }
      }
      connection.close()
    }
  }

  @Test func `a caller on the main actor is there again whatever became of its call`()
    async throws
  {
    let service = EchoService { request, _ in
      if request.number > 9 { throw RPCError(.notFound, "none") }
      return request
    }
    try await withServer(service) { address in
      let connection = try await Connection.connect(
        to: Address(address), options: ConnectionOptions(interceptors: [Refusing()]))
      await Self.callFromMain(connection)
      connection.close()
    }
  }

  @MainActor private static func callFromMain(_ connection: Connection) async {
    var options = CallOptions()
    for (number, isRefused) in [(1, false), (10, false), (1, true)] as [(UInt64, Bool)] {
      options.metadata = isRefused ? ["refuse": "yes"] : Metadata()
      do throws(RPCError) {
        let reply = try await call(connection, number, options)
        #expect(reply.number == number && number <= 9 && !isRefused)
      } catch {
        #expect(error.code == (isRefused ? .unauthenticated : .notFound))
        MainActor.preconditionIsolated()
      }
      MainActor.preconditionIsolated()
    }
  }

  /// As generated code calls.
  nonisolated(nonsending) private static func call(
    _ connection: Connection, _ number: UInt64, _ options: CallOptions
  ) async throws(RPCError) -> EchoMessage {
    try await connection.call(EchoService.echo, EchoMessage(number: number), options: options)
  }
}
