import Baton
import BatonMessages
import Testing

/// gRPC's interoperability cases that need neither HTTP nor TLS, by the names that
/// doc/interop-test-descriptions.md in gRPC publishes them under, with its procedures and assertions.
@Suite(.timeLimit(.minutes(2))) struct InteropTests {
  private static let replySizes = [31415, 9, 2653, 58979]
  private static let requestSizes = [27182, 8, 1828, 45904]

  private static func largeUnary(
    _ client: TestService.Client, options: CallOptions = CallOptions()
  ) async throws {
    let request = SimpleRequest(responseSize: 314159, payload: Payload(zeros: 271828))
    let reply = try await client.unaryCall(request, options: options)
    #expect(reply == SimpleResponse(payload: Payload(zeros: 314159)))
  }

  private static func request(
    _ payload: Int, replies: Int...
  ) -> StreamingOutputCallRequest {
    StreamingOutputCallRequest(
      responseParameters: replies.map { ResponseParameters(size: Int32($0)) },
      payload: Payload(zeros: payload))
  }

  private static func reply(_ size: Int) -> StreamingOutputCallResponse {
    StreamingOutputCallResponse(payload: Payload(zeros: size))
  }

  @Test func empty_unary() async throws {
    #expect(try Empty().encoded().bytes == [])
    try await InteropServer.with { client in
      let reply = try await client.emptyCall(Empty())
      #expect(reply == Empty())
    }
  }

  @Test func large_unary() async throws {
    try await InteropServer.with { try await Self.largeUnary($0) }
  }

  @Test func client_streaming() async throws {
    try await InteropServer.with { client in
      let reply = try await client.streamingInputCall { requests in
        for size in Self.requestSizes {
          try await requests.write(StreamingInputCallRequest(payload: Payload(zeros: size)))
        }
      }
      #expect(reply.aggregatedPayloadSize == 74922)
    }
  }

  @Test func server_streaming() async throws {
    try await InteropServer.with { client in
      let request = StreamingOutputCallRequest(
        responseParameters: Self.replySizes.map { ResponseParameters(size: Int32($0)) })
      var replies: [StreamingOutputCallResponse] = []
      for try await reply in client.streamingOutputCall(request) { replies.append(reply) }
      #expect(replies == Self.replySizes.map(Self.reply))
    }
  }

  @Test func ping_pong() async throws {
    try await InteropServer.with { client in
      try await client.fullDuplexCall { requests, replies in
        var answers = replies.makeAsyncIterator()
        for (sent, expected) in zip(Self.requestSizes, Self.replySizes) {
          try await requests.write(Self.request(sent, replies: expected))
          #expect(try await answers.next() == Self.reply(expected))
        }
        requests.finish()
        #expect(try await answers.next() == nil)
      }
    }
  }

  @Test func empty_stream() async throws {
    try await InteropServer.with { client in
      try await client.fullDuplexCall { requests, replies in
        requests.finish()
        for try await reply in replies { Issue.record("expected no reply, got \(reply)") }
      }
    }
  }

  @Test func custom_metadata() async throws {
    let (initial, trailing) = (InteropService.initial, InteropService.trailing)
    let value = "test_initial_metadata_value"
    let bytes: [UInt8] = [0xab, 0xab, 0xab]
    func options(_ info: ReplyInfo) -> CallOptions {
      CallOptions(metadata: [initial: .text(value), trailing: .bytes(bytes)], info: info)
    }
    try await InteropServer.with { client in
      let unary = ReplyInfo()
      try await Self.largeUnary(client, options: options(unary))
      let duplex = ReplyInfo()
      try await client.fullDuplexCall(options: options(duplex)) { requests, replies in
        try await requests.write(Self.request(271828, replies: 314159))
        requests.finish()
        var answers = replies.makeAsyncIterator()
        #expect(try await answers.next() == Self.reply(314159))
        #expect(try await answers.next() == nil)
      }
      for info in [unary, duplex] {
        #expect(info.metadata?[initial] == value)
        #expect(info.trailers[bytes: trailing] == bytes)
      }
    }
  }

  /// Has a unary and a bidirectional call end with a status, and expects that they do.
  private static func expectStatus(_ message: String, bidirectional: Bool) async throws {
    let status = EchoStatus(code: 2, message: message)
    let expected = RPCError(.unknown, message, origin: .peer)
    try await InteropServer.with { client in
      await #expect(throws: expected) {
        try await client.unaryCall(SimpleRequest(responseStatus: status))
      }
      guard bidirectional else { return }
      await #expect(throws: expected) {
        try await client.fullDuplexCall { requests, replies in
          try await requests.write(StreamingOutputCallRequest(responseStatus: status))
          requests.finish()
          for try await _ in replies {}
        }
      }
    }
  }

  @Test func status_code_and_message() async throws {
    try await Self.expectStatus("test status message", bidirectional: true)
  }

  @Test func special_status_message() async throws {
    try await Self.expectStatus(
      "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n", bidirectional: false)
  }

  @Test func unimplemented_method() async throws {
    let method = Baton.Method<Empty, Empty>("grpc.testing.TestService", "UnimplementedCall")
    try await InteropServer.with { client in
      let error = await #expect(throws: RPCError.self) {
        try await client.connection.call(method, Empty())
      }
      #expect(error?.code == .unimplemented)
      // The wire has a number in its place.
      #expect(
        error?.message.hasPrefix("grpc.testing.TestService/UnimplementedCall: no service here")
          == true)
    }
  }

  @Test func unimplemented_service() async throws {
    try await InteropServer.with { client in
      let error = await #expect(throws: RPCError.self) {
        try await UnimplementedService.Client(client.connection).unimplementedCall(Empty())
      }
      #expect(error?.code == .unimplemented)
      #expect(
        error?.message.hasPrefix("grpc.testing.UnimplementedService/UnimplementedCall: ") == true)
    }
  }

  @Test func cancel_after_begin() async throws {
    try await InteropServer.with { client in
      let (begun, begin) = AsyncStream<Void>.makeStream()
      await withTaskGroup(of: RPCError.Code?.self) { group in
        group.addTask {
          do {
            _ = try await client.streamingInputCall { _ in
              begin.yield()
              let (untilCancelled, end) = AsyncStream<Never>.makeStream()
              for await _ in untilCancelled {}
              end.finish()
            }
            return .ok
          } catch {
            return (error as? RPCError)?.code
          }
        }
        _ = await begun.first { _ in true }
        group.cancelAll()
        #expect(await group.next() == .some(.cancelled))
      }
    }
  }

  @Test func cancel_after_first_response() async throws {
    try await InteropServer.with { client in
      let (received, receive) = AsyncStream<Void>.makeStream()
      await withTaskGroup(of: RPCError.Code?.self) { group in
        group.addTask {
          do {
            try await client.fullDuplexCall { requests, replies in
              try await requests.write(Self.request(27182, replies: 31415))
              for try await _ in replies { receive.yield() }
            }
            return .ok
          } catch {
            return (error as? RPCError)?.code
          }
        }
        _ = await received.first { _ in true }
        group.cancelAll()
        #expect(await group.next() == .some(.cancelled))
      }
    }
  }

  @Test func timeout_on_sleeping_server() async throws {
    try await InteropServer.with { client in
      let error = await #expect(throws: RPCError.self) {
        try await client.fullDuplexCall(options: CallOptions(timeout: .milliseconds(1))) {
          requests, replies in
          try await requests.write(StreamingOutputCallRequest(payload: Payload(zeros: 27182)))
          for try await _ in replies {}
        }
      }
      #expect(error?.code == .deadlineExceeded)
    }
  }

  /// gRPC's default is 10.
  private static let soakIterations = 100

  @Test func rpc_soak() async throws {
    try await InteropServer.with { client in
      for _ in 0..<Self.soakIterations { try await Self.largeUnary(client) }
    }
  }

  @Test func channel_soak() async throws {
    try await InteropServer.run { server in
      for _ in 0..<Self.soakIterations {
        let connection = try await Connection.connect(to: server.address)
        try await Self.largeUnary(TestService.Client(connection))
        connection.close()
      }
    }
  }
}
