import Baton
import BatonMessages
import CKernelObjects
import Glibc
import SystemPackage
import Testing

/// Peers that do not read, leave in the middle or come back late. Every test runs in a process of
/// its own, so that its open descriptor numbers and signals are the test's alone.
@Suite(.processOfItsOwn, .timeLimit(.minutes(2))) struct TrapsFlow {
  @Test func `a client may send far ahead of reading, and every call is answered`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let content = [0x12, 0xe8, 0x07] + [UInt8](repeating: 7, count: 1000)
        let count: UInt32 = 5000
        // Answers fill the socket long before the last request: the server reads on nevertheless.
        for call in 1...count {
          try scene.attacker.send(RawFrame.request(call, "Echo", message: content).bytes)
        }
        var answered: Set<UInt32> = []
        while answered.count < count {
          let packet = try #require(try await scene.attacker.receive())
          for frame in ReceivedFrame.all(in: packet.bytes) where frame.message == content {
            answered.insert(frame.call)
          }
        }
      }
    }
  }

  @Test func `a client that never reads its answers loses its connection`() async {
    await #expect(processExitsWith: .success) {
      // 100,000 bytes each, or the refusal of a method that nobody serves.
      for (method, message) in [("Fill", [8, 0xa0, 0x8d, 0x06] as [UInt8]), ("Vanish", [])] {
        try await ServerScene.run { scene in
          let requests = (1...2000).flatMap {
            RawFrame.request($0, method, message: message).bytes
          }
          await #expect(throws: Errno.self) {
            for _ in 0..<1000 { try await scene.attacker.sendElsewhere(requests) }
          }
        }
      }
    }
  }

  @Test func `calls beyond the connection's limit are refused, those within it are not`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run(options: ServerOptions(callsPerConnection: 2)) { scene in
        let calls = (1...3).map { RawFrame.request($0, "Wait") } + [.cancel(1), .cancel(2)]
        try scene.attacker.send(calls.flatMap(\.bytes))
        let answers = try await scene.answers(1, 2, 3)
        #expect(answers[1]?.kind == 3)
        #expect(answers[2]?.kind == 3)
        #expect(answers[3]?.code == 8, "RESOURCE_EXHAUSTED")
      }
    }
  }

  @Test func `the deadline covers the sending to a server that does not read`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let large = Parcel(content: [UInt8](repeating: 7, count: 100_000))
        let stuck = (0..<20).map { _ in scene.begin(Parcels.echo, large) }
        let options = CallOptions(timeout: .milliseconds(20))
        let late = await scene.begin(Parcels.echo, large, options: options).value
        #expect(late.error?.code == .deadlineExceeded)
        scene.client.close()
        for call in stuck { #expect(await call.value.error?.code == .unavailable) }
      }
    }
  }

  @Test func `a blocking client's deadline covers the sending, too`() async {
    await #expect(processExitsWith: .success) {
      try await BlockingScene.run { scene in
        let large = Parcel(content: [UInt8](repeating: 7, count: 100_000))
        let options = CallOptions(timeout: .milliseconds(20))
        for _ in 0..<5 {
          let outcome = await scene.call(Parcels.echo, large, options: options)
          #expect(outcome.error?.code == .deadlineExceeded)
        }
        // The server reads again: what was cut short does not disturb what follows.
        let server = Task { try await scene.answerAll { .response($0, message: [8, 5]) } }
        #expect(await scene.call(Parcels.echo, Parcel()).reply?.number == 5)
        scene.client.close()
        try await server.value
      }
    }
  }

  @Test func `a packet that the kernel has no memory for fails its call alone, and says so`() async
  {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let whole = scene.begin(Parcels.echo)
        let request = try #require(try await scene.requests(1).first)
        try #require(fail_sending(scene.other, ENOBUFS) == 0)
        let outcome = await scene.begin(Parcels.echo).value
        #expect(outcome.error?.code == .resourceExhausted)
        #expect(outcome.error?.message.contains("no memory") == true)
        try scene.attacker.send(RawFrame.response(request.call, message: [8, 5]).bytes)
        #expect(await whole.value.reply?.number == 5, "the connection goes on")
      }
    }
    await #expect(processExitsWith: .success) {
      try await BlockingScene.run { scene in
        try #require(fail_sending(scene.other, ENOBUFS) == 0)
        let outcome = await scene.call(Parcels.echo)
        #expect(outcome.error?.code == .resourceExhausted)
        #expect(outcome.error?.message.contains("no memory") == true)
      }
    }
  }

  @Test func `cancelling ends a call at once that could not be sent`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let large = Parcel(content: [UInt8](repeating: 7, count: 100_000))
        let calls = (0..<20).map { _ in scene.begin(Parcels.echo, large) }
        for call in calls { call.cancel() }
        for call in calls { #expect(await call.value.error?.code == .cancelled) }
      }
    }
  }

  @Test func `an answer that was sent before the server reset the connection is not lost`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let first = scene.begin(Parcels.echo)
        let call = try #require(try await scene.requests(1).first).call
        // A second request lies unread when the server leaves: the client's next recvmsg fails
        // with ECONNRESET before it finds the answer.
        let second = scene.begin(Parcels.wait)
        try await scene.attacker.untilReadable()
        try scene.attacker.send(RawFrame.response(call, message: [8, 5]).bytes)
        try scene.attacker.reset()
        #expect(await first.value.reply?.number == 5)
        #expect(await second.value.error?.code == .unavailable)
      }
    }
  }

  @Test func `calling a server that is gone is an error, not a signal`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      try await ClientScene.run { scene in
        scene.attacker.leave()
        for _ in 0..<3 {
          #expect(await scene.begin(Parcels.echo).value.error?.code == .unavailable)
        }
      }
      try await BlockingScene.run { scene in
        scene.attacker.leave()
        for _ in 0..<3 {
          #expect(await scene.call(Parcels.echo, Parcel()).error?.code == .unavailable)
        }
      }
    }
  }

  @Test func `a client that leaves cancels its handlers, whose answers are dropped`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      try await ServerScene.run { scene in
        try scene.attacker.send(RawFrame.request(1, "Wait").bytes)
        #expect(await scene.events.next() == .begun)
        scene.attacker.leave()
        #expect(await scene.events.next() == .cancelled)
      }
    }
  }

  @Test func `a cancelled call is answered like any other`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        try scene.attacker.send(RawFrame.request(1, "Wait").bytes)
        #expect(await scene.events.next() == .begun)
        try scene.attacker.send(RawFrame.cancel(1).bytes)
        #expect(await scene.events.next() == .cancelled)
        #expect(try await scene.answers(1)[1]?.kind == 3)
      }
    }
  }

  @Test func `the answer to a call that was cancelled is dropped with its descriptors`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let pipe = try WatchedPipe()
        let call = scene.begin(Parcels.echo)
        let number = try #require(try await scene.requests(1).first).call
        call.cancel()
        #expect(await call.value.error?.code == .cancelled)
        try scene.attacker.send(
          RawFrame.response(number, message: Parcels.files([1]), descriptors: 1).bytes,
          descriptors: [pipe.writing])
        await pipe.untilClosed()
      }
    }
  }

  @Test func `a timeout that came with the request ends the call on the server`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        var request = RawFrame(2, call: 1, flags: RawFrame.end, head: [8, 1])
        request.method = RawFrame.identity("traps.v1.Parcels/Wait")
        try scene.attacker.send(request.bytes)
        #expect(try await scene.answers(1)[1]?.code == 4, "DEADLINE_EXCEEDED")
        #expect(await scene.events.next() == .begun)
        #expect(await scene.events.next() == .cancelled)
      }
    }
  }

  @Test func `calls that a client made before its goodbye are answered after it`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let frames = [.request(1, "Echo", message: [8, 3]), .request(2, "Wait"), RawFrame.goodbye]
        try scene.attacker.send(frames.flatMap(\.bytes))
        #expect(try await scene.answers(1)[1]?.message == [8, 3])
        #expect(await scene.events.next() == .begun)
        try scene.attacker.send(RawFrame.cancel(2).bytes)
        scene.attacker.finish()
        #expect(try await scene.answers(2)[2]?.kind == 3)
        #expect(try await scene.attacker.receive() == nil)
      }
    }
  }

  @Test func `answers that fill the socket leave whole after the client has ended its side`() async
  {
    await #expect(processExitsWith: .success) {
      let hello = RawFrame.hello(messages: 9, bytes: 9, descriptors: 9, largestMessage: 64 << 20)
      try await ServerScene.run(hello: hello) { scene in
        // 4,000,000 bytes.
        try scene.attacker.send(
          RawFrame.request(1, "Fill", message: [8, 0x80, 0x92, 0xf4, 0x01]).bytes
            + RawFrame.goodbye.bytes)
        scene.attacker.finish()
        var size = 0
        while let packet = try await scene.attacker.receive() {
          for frame in ReceivedFrame.all(in: packet.bytes) where frame.call == 1 {
            size += frame.message.count
          }
        }
        #expect(size == 4_000_005)
      }
    }
  }

  @Test
  func `a short call waits behind little of a long message, even of a peer that does not read`()
    async
  {
    await #expect(processExitsWith: .success) {
      let hello = RawFrame.hello(messages: 9, bytes: 9, descriptors: 9, largestMessage: 64 << 20)
      try await ClientScene.run(hello: [hello]) { scene in
        let long = scene.begin(
          Parcels.echo, Parcel(content: [UInt8](repeating: 7, count: 32 << 20)))
        try await scene.attacker.untilReadable()
        let (begun, begins) = AsyncStream<Void>.makeStream()
        let short = Task(executorPreference: scene.client.loop) { [client = scene.client] in
          begins.finish()
          return try await client.call(Parcels.echo, Parcel(number: 5))
        }
        for await _ in begun {}
        var ahead = 0
        var requests: [ReceivedFrame] = []
        while requests.isEmpty {
          let packet = try #require(try await scene.attacker.receive())
          for frame in ReceivedFrame.all(in: packet.bytes) {
            if frame.kind == 8 { ahead += frame.message.count }
            if frame.kind == 2 { requests.append(frame) }
          }
        }
        #expect(requests.map(\.message) == [[8, 5]])
        // A quarter of the narrow buffer, a fragment, and what was sent while the call began.
        #expect(ahead <= 1 << 20)
        try scene.attacker.send(RawFrame.response(requests[0].call, message: [8, 6]).bytes)
        #expect(try await short.value.number == 6)
        scene.client.close()
        #expect(await long.value.error?.code == .unavailable)
      }
    }
  }

  @Test func `after the server's goodbye its answers still count, and new calls are refused`() async
  {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let call = scene.begin(Parcels.echo)
        let number = try #require(try await scene.requests(1).first).call
        let goodbye = RawFrame(6, head: [16, UInt8(number)])
        try scene.attacker.send(
          goodbye.bytes + RawFrame.response(number, message: [8, 5]).bytes)
        #expect(await call.value.reply?.number == 5)
        #expect(await scene.begin(Parcels.echo).value.error?.code == .unavailable)
      }
    }
  }
}
