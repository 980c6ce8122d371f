import Baton
import BatonMessages
import Glibc
import SystemPackage
import Testing

/// Clients' streams under attack. Every test runs in a process of its own, so that the open descriptor
/// numbers are the test's alone.
@Suite(.processOfItsOwn, .timeLimit(.minutes(2))) struct TrapsStreamReplies {
  private static let narrow = ConnectionOptions(
    window: StreamWindow(messages: 2, bytes: 10, descriptors: 2))

  @Test func `replies beyond the credit end the connection and close their descriptors`() async {
    await #expect(processExitsWith: .success) {
      let attacks: [[RawFrame]] = [
        [.message(1), .message(1), .message(1)],
        [.message(1, [0x12, 8, 0, 0, 0, 0, 0, 0, 0, 0]), .message(1)],
        [
          .message(1, Parcels.files([1, 2, 3]), descriptors: 3),
          .message(1, Parcels.files([1]), descriptors: 1),
        ],
      ]
      for attack in attacks {
        try await ClientScene.run(options: Self.narrow) { scene in
          let pipe = try WatchedPipe()
          let replies = scene.client.serverStream(Parcels.pour, Parcel())
          let request = try #require(try await scene.requests(1).first)
          for frame in attack {
            let frame = frame.with { $0.call = request.call }
            try scene.attacker.send(
              frame.bytes,
              descriptors: Array(repeating: pipe.writing, count: Int(frame.descriptors)))
          }
          // Nothing is taken before the connection has ended.
          try await scene.untilEnd()
          let error = await #expect(throws: RPCError.self) { for try await _ in replies {} }
          #expect(error?.code == .unavailable)
          #expect(error?.message.contains("without credit") == true, "\(attack)")
          await pipe.untilClosed()
        }
      }
    }
  }

  @Test func `credit and limits of any size are no credit to trap on`() async {
    await #expect(processExitsWith: .success) {
      let hello = RawFrame.hello(
        messages: UInt64(UInt32.max), bytes: .max, descriptors: UInt64(UInt32.max),
        largestMessage: .max)
      try await ClientScene.run(hello: [hello]) { scene in
        async let gathered = scene.client.clientStream(Parcels.gather) { requests in
          for number in 0..<10 as Range<UInt64> {
            try await requests.write(Parcel(number: number))
          }
        }
        let call = try #require(try await scene.requests(1).first).call
        let most = RawFrame.credit(
          call, messages: UInt64(UInt32.max), bytes: .max, descriptors: UInt64(UInt32.max))
        try scene.attacker.send(
          Array(repeating: most.bytes, count: 1000).flatMap(\.self)
            + RawFrame.credit(99, messages: 1).bytes
            + RawFrame.response(call, message: [8, 7]).bytes)
        #expect(try await gathered.number == 7)
      }
    }
  }

  @Test func `a window of nothing counts as one of each`() async {
    await #expect(processExitsWith: .success) {
      let hello = RawFrame.hello(messages: 0, bytes: 0, descriptors: 0)
      try await ClientScene.run(hello: [hello]) { scene in
        let file = try Descriptor.memory([1])
        async let gathered = scene.client.clientStream(Parcels.gather) { requests in
          try await requests.write(Parcel(files: [file]))
        }
        let call = try #require(try await scene.requests(1).first).call
        let frames = try await scene.attacker.frames(until: 10)
        #expect(frames.map(\.kind).suffix(2) == [3, 10])
        try scene.attacker.send(RawFrame.response(call, message: [8, 7]).bytes)
        #expect(try await gathered.number == 7)
      }
    }
  }

  @Test func `what comes behind a status is dropped with its descriptors`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let pipe = try WatchedPipe()
        let replies = scene.client.serverStream(Parcels.pour, Parcel())
        let call = try #require(try await scene.requests(1).first).call
        let frames = [
          RawFrame.message(call, [8, 1]), .status(call), .message(call, [8, 2]), .status(call, 5),
          .fragment(call, [8]), .credit(call, messages: 1), RawFrame(9, call: call),
          .response(call, message: Parcels.files([1]), descriptors: 1),
        ]
        try scene.attacker.send(frames.flatMap(\.bytes), descriptors: [pipe.writing])
        var numbers: [UInt64] = []
        for try await reply in replies { numbers.append(reply.number) }
        #expect(numbers == [1])
        await pipe.untilClosed()
        let echo = scene.begin(Parcels.echo)
        try await scene.answer { .response($0, message: [8, 5]) }
        #expect(await echo.value.reply?.number == 5, "the connection goes on")
      }
    }
  }

  @Test func `a last reply that is the call's end needs no credit`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run(options: Self.narrow) { scene in
        let replies = scene.client.serverStream(Parcels.pour, Parcel())
        let call = try #require(try await scene.requests(1).first).call
        let frames = [
          RawFrame.message(call, [8, 1]), .message(call, [8, 2]), .response(call, message: [8, 3]),
        ]
        try scene.attacker.send(frames.flatMap(\.bytes))
        var numbers: [UInt64] = []
        for try await reply in replies { numbers.append(reply.number) }
        #expect(numbers == [1, 2, 3])
      }
    }
  }

  /// The key "a" with a letter as its value.
  private static func metadata(_ call: UInt32, _ letter: UInt8) -> RawFrame {
    RawFrame(9, call: call, head: [0x0a, 6, 0x0a, 1, 0x61, 0x12, 1, letter])
  }

  @Test func `metadata behind a message, or a second time, is dropped`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        for isFirst in [true, false] {
          let info = ReplyInfo()
          let replies = scene.client.serverStream(
            Parcels.pour, Parcel(), options: CallOptions(info: info))
          let call = try #require(try await scene.requests(1).first).call
          var frames = [RawFrame.message(call, [8, 1]), Self.metadata(call, 0x79), .status(call)]
          if isFirst { frames = [Self.metadata(call, 0x78), Self.metadata(call, 0x79)] + frames }
          try scene.attacker.send(frames.flatMap(\.bytes))
          for try await reply in replies { #expect(reply.number == 1) }
          #expect(info.metadata?["a"] == (isFirst ? "x" : nil))
        }
      }
      try await BlockingScene.run { scene in
        for isFirst in [true, false] {
          let info = ReplyInfo()
          async let outcome = scene.call(Parcels.echo, options: CallOptions(info: info))
          let call = try #require(try await scene.requests(1).first).call
          var frames = [RawFrame.message(call, [8, 1]), Self.metadata(call, 0x79), .status(call)]
          if isFirst { frames = [Self.metadata(call, 0x78), Self.metadata(call, 0x79)] + frames }
          try scene.attacker.send(frames.flatMap(\.bytes))
          #expect(await outcome.reply?.number == 1)
          #expect(info.metadata?["a"] == (isFirst ? "x" : nil))
        }
      }
    }
  }

  @Test func `two replies to a call that has one fail it, and it is cancelled`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let echo = scene.begin(Parcels.echo)
        let call = try #require(try await scene.requests(1).first).call
        let pipe = try WatchedPipe()
        try scene.attacker.send(
          RawFrame.message(call, Parcels.files([1]), descriptors: 1).bytes,
          descriptors: [pipe.writing])
        try scene.attacker.send(
          RawFrame.message(call, Parcels.files([1]), descriptors: 1).bytes,
          descriptors: [pipe.writing])
        #expect(await echo.value.error?.code == .internal)
        #expect(try await scene.attacker.frames(until: 5).last?.call == call)
        await pipe.untilClosed()
      }
    }
  }

  // MARK: Goodbyes

  private static func failure(_ body: () async throws -> Void) async -> RPCError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? RPCError
    }
  }

  @Test func `calls behind the goodbye's last one were not begun, and fail at once`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let begun = scene.client.serverStream(Parcels.pour, Parcel())
        _ = try await scene.requests(1)
        let echo = scene.begin(Parcels.echo)
        let last = try #require(try await scene.requests(1).first).call
        let late = scene.client.serverStream(Parcels.pour, Parcel())
        async let refusal = Self.failure {
          _ = try await scene.client.clientStream(Parcels.gather) { requests in
            while true { try await requests.write(Parcel()) }
          }
        }
        _ = try await scene.requests(2)
        try scene.attacker.send(RawFrame(6, head: [0x10, UInt8(last)]).bytes)

        let error = await #expect(throws: RPCError.self) { for try await _ in late {} }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("not begun") == true)
        #expect(await refusal?.message.contains("not begun") == true)
        // Those that were begun go on.
        let frames = [
          RawFrame.message(last - 1, [8, 1]), .response(last, message: [8, 2]),
          .message(last - 1, [8, 3]), .status(last - 1),
        ]
        try scene.attacker.send(frames.flatMap(\.bytes))
        #expect(await echo.value.reply?.number == 2)
        var numbers: [UInt64] = []
        for try await reply in begun { numbers.append(reply.number) }
        #expect(numbers == [1, 3])
        #expect(await scene.begin(Parcels.echo).value.error?.code == .unavailable)
      }
    }
  }

  @Test func `a goodbye that names a fault does not say which calls were begun`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let echo = scene.begin(Parcels.echo)
        _ = try await scene.requests(1)
        // INTERNAL.
        try scene.attacker.send(RawFrame(6, head: [0x0a, 2, 8, 13]).bytes)
        let error = await echo.value.error
        #expect(error?.code == .unavailable)
        #expect(error?.wasNotBegun == false)
      }
    }
  }

  @Test func `a server that says goodbye with its hello takes no connection`() async throws {
    await #expect(processExitsWith: .success) {
      for isBlocking in [false, true] {
        let (attacker, other) = try RawPeer.pair()
        try attacker.send(RawFrame.hello.bytes + RawFrame.goodbye.bytes)
        let address = try Address("fd:\(other)")
        let error = await #expect(throws: ConnectionError.self) {
          if isBlocking {
            _ = try SynchronousConnection.connect(to: address)
          } else {
            _ = try await Connection.connect(to: address)
          }
        }
        #expect(error?.message.contains("shutting down") == true)
      }
    }
  }

  /// A call of the server's.
  private static let called: UInt32 = 1 << 31 | 1

  private static func expectRefusal(_ attacker: RawPeer) async throws {
    let status = try #require(try await attacker.frames(until: 4).last)
    #expect(status.call == called)
    #expect(status.code == 12, "UNIMPLEMENTED")
  }

  @Test func `a client that is called, and serves nothing, says so`() async {
    await #expect(processExitsWith: .success) {
      let frames = [
        RawFrame.fragment(Self.called, [8]), .request(Self.called, "Echo"), .message(Self.called),
        .finish(Self.called), .credit(Self.called, messages: 1), .cancel(Self.called),
      ]
      try await ClientScene.run { scene in
        try scene.attacker.send(frames.flatMap(\.bytes))
        try await Self.expectRefusal(scene.attacker)
        let echo = scene.begin(Parcels.echo)
        try await scene.answer { .response($0, message: [8, 5]) }
        #expect(await echo.value.reply?.number == 5, "the connection goes on")
      }
      try await BlockingScene.run { scene in
        async let outcome = scene.call(Parcels.echo)
        let call = try #require(try await scene.requests(1).first).call
        try scene.attacker.send(frames.flatMap(\.bytes))
        try await Self.expectRefusal(scene.attacker)
        try scene.attacker.send(RawFrame.response(call, message: [8, 5]).bytes)
        #expect(await outcome.reply?.number == 5, "the connection goes on")
      }
    }
  }

  // MARK: Servers that do not read

  @Test func `hundreds of streams to a server that does not read end with their deadlines`()
    async
  {
    await #expect(processExitsWith: .success) {
      let hello = RawFrame.hello(messages: 1 << 20, bytes: 1 << 40, descriptors: 1)
      try await ClientScene.run(hello: [hello]) { scene in
        let message = Parcel(content: [UInt8](repeating: 7, count: 5000))
        let client = scene.client
        try await withThrowingTaskGroup(of: RPCError?.self) { group in
          for _ in 0..<300 {
            group.addTask {
              await Self.failure {
                _ = try await client.clientStream(
                  Parcels.gather, options: CallOptions(timeout: .milliseconds(300))
                ) { requests in
                  while true { try await requests.write(message) }
                }
              }
            }
          }
          for try await error in group { #expect(error?.code == .deadlineExceeded) }
        }
      }
    }
  }

  @Test func `a stream's deadline covers a writer that waits for the socket`() async {
    await #expect(processExitsWith: .success) {
      let hello = RawFrame.hello(messages: 1 << 20, bytes: 1 << 40, descriptors: 1)
      try await ClientScene.run(hello: [hello]) { scene in
        let large = Parcel(content: [UInt8](repeating: 7, count: 60_000))
        let error = await #expect(throws: RPCError.self) {
          try await scene.client.clientStream(
            Parcels.gather, options: CallOptions(timeout: .milliseconds(200))
          ) { requests in
            while true { try await requests.write(large) }
          }
        }
        #expect(error?.code == .deadlineExceeded)
      }
    }
  }
}
