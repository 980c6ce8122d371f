import Baton
import BatonMessages
import InMemoryLogging
import Logging
import SystemPackage
import Testing

/// What callers are told when something goes wrong around a call.
@Suite(.timeLimit(.minutes(1))) struct InterceptorErrorTests {
  private struct Mishap: Error {}

  /// A reply with a descriptor that its field does not take.
  private static let wrongFile = EchoService { _, _ in
    EchoMessage(files: [try Descriptor.open("/dev/null", access: .writeOnly)])
  }

  @Test func `an interceptor that only goes on does not hide what is wrong with a reply`()
    async throws
  {
    let passing = Interceptor { call, next in try await next(call) }
    var messages: [String] = []
    for interceptors in [[], [passing]] {
      try await withServer(Self.wrongFile, options: ServerOptions(interceptors: interceptors)) {
        address in
        let connection = try await Connection.connect(to: Address(address))
        let error = await #expect(throws: RPCError.self) {
          try await connection.call(EchoService.echo, EchoMessage())
        }
        #expect(error?.code == .invalidArgument)
        messages.append(error?.message ?? "")
        connection.close()
      }
    }
    #expect(messages[0] == messages[1])
    #expect(messages[0].contains("the reply is invalid"))
  }

  @Test func `a client is told what its own interceptor threw`() async throws {
    let throwing = Interceptor { _, _ in throw Mishap() }
    let hooking = Interceptor { call, next in
      var call = call
      call.onRequest { _ in throw Mishap() }
      try await next(call)
    }
    for interceptor in [throwing, hooking] {
      let error = await #expect(throws: RPCError.self) {
        try await withInterceptors(client: [interceptor]) {
          _ = try await $0.call(StreamService.echo, EchoMessage())
        }
      }
      #expect(error?.code == .unknown)
      #expect(error?.message == "an interceptor failed: Mishap()")
    }
  }

  @Test func `what a handler or a hook throws is told to the server's log, and not to the caller`()
    async throws
  {
    let log = Log()
    var service = StreamService()
    service.echo = { _, _ in throw Mishap() }
    let hooking = Interceptor { call, next in
      var call = call
      call.onReply { _ in throw Mishap() }
      try await next(call)
    }
    let options = ServerOptions(interceptors: [hooking], logger: log.logger)
    try await withStreams(service, options: options) { connection in
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(StreamService.echo, EchoMessage())
      }
      #expect(error == RPCError(.unknown, "the handler failed", origin: .peer))
      await #expect(throws: RPCError.self) {
        for try await _ in connection.serverStream(StreamService.count, EchoMessage(number: 1)) {}
      }
    }
    let failures = log.entries.filter { $0.message == "a handler failed" }
    #expect(failures.map(\.level) == [.error, .error])
    #expect(failures.map { $0.metadata["method"] } == ["test.Stream/Echo", "test.Stream/Count"])
    for failure in failures {
      #expect("\(failure.metadata["error"] ?? "")".contains("Mishap"))
    }
  }

  @Test func `an error with the code OK is one to both ends`() async throws {
    try await withServer(EchoService { _, _ in throw RPCError(.ok, "fine") }) { address in
      let connection = try await Connection.connect(to: Address(address))
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(EchoService.echo, EchoMessage())
      }
      #expect(error?.code == .internal)
      #expect(error?.message == "the handler threw an error with the code OK")
      connection.close()
    }
  }

  @Test func `a path that leads out of its directory is told as that`() {
    let error = RPCError(thrown: Errno.improperLink)
    #expect(error.code == .permissionDenied)
    #expect(error.message.contains("leads out of its directory"))
  }
}
