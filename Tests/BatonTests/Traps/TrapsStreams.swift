import Baton
import BatonMessages
import Glibc
import Synchronization
import SystemPackage
import Testing

/// Servers' streams and fragments under attack. Every test runs in a process of its own, so that the
/// open descriptor numbers are the test's alone.
@Suite(.processOfItsOwn, .timeLimit(.minutes(2))) struct TrapsStreams {
  private static let narrow = ServerOptions(
    window: StreamWindow(messages: 2, bytes: 10, descriptors: 2))

  @Test func `messages beyond the credit end the connection and close their descriptors`() async {
    await #expect(processExitsWith: .success) {
      let twelve = [0x12, 10] + [UInt8](repeating: 7, count: 10)
      let attacks: [[RawFrame]] = [
        [.message(1), .message(1), .message(1)],
        [.message(1, twelve), .message(1)],
        [.fragment(1, twelve), .message(1), .message(1)],
        [
          .message(1, Parcels.files([1]), descriptors: 1),
          .message(1, Parcels.files([1, 2, 3]), descriptors: 3), .message(1),
        ],
        [
          .message(1, Parcels.files([1, 2, 3]), descriptors: 3),
          .message(1, Parcels.files([1]), descriptors: 1),
        ],
      ]
      for attack in attacks {
        try await ServerScene.run(options: Self.narrow) { scene in
          let pipe = try WatchedPipe()
          for frame in [.stream(1, "Hold")] + attack {
            try scene.attacker.send(
              frame.bytes,
              descriptors: Array(repeating: pipe.writing, count: Int(frame.descriptors)))
          }
          try await scene.expectGoodbye("without credit", "\(attack)")
          await pipe.untilClosed()
        }
      }
    }
  }

  @Test func `requests behind the last of a call end the connection`() async {
    await #expect(processExitsWith: .success) {
      let attacks: [([RawFrame], String)] = [
        ([.request(1, "Wait"), .message(1)], "behind the last"),
        ([.request(1, "Wait"), .finish(1)], "second end"),
        ([.stream(1, "Hold"), .finish(1), .message(1)], "behind the last"),
        ([.stream(1, "Hold"), .finish(1), .finish(1)], "second end"),
      ]
      for (frames, fault) in attacks {
        try await ServerScene.run { scene in
          try scene.attacker.send(frames.flatMap(\.bytes))
          try await scene.expectGoodbye(fault, "\(frames)")
        }
      }
    }
  }

  @Test func `credit that a message has overdrawn comes back when it is taken`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run(options: Self.narrow) { scene in
        let large = [0x12, 0xa0, 0x8d, 0x06] + [UInt8](repeating: 7, count: 100_000)
        try scene.attacker.send(
          RawFrame.stream(1, "Chat").bytes + RawFrame.message(1, large).bytes)
        let frames = try await scene.attacker.frames(until: 7)
        #expect(frames.filter { $0.kind == 3 }.map(\.message) == [large])
        let credit = RawFrame.credit(1, messages: 1, bytes: UInt64(large.count))
        try scene.attacker.send(
          credit.bytes + RawFrame.message(1, [8, 1]).bytes + RawFrame.finish(1).bytes)
        #expect(try await scene.attacker.frames(until: 3).last?.message == [8, 1])
      }
    }
  }

  @Test func `credit and limits of any size are no credit to trap on`() async {
    await #expect(processExitsWith: .success) {
      let hello = RawFrame.hello(
        messages: UInt64(UInt32.max), bytes: .max, descriptors: UInt64(UInt32.max),
        largestMessage: .max)
      try await ServerScene.run(hello: hello) { scene in
        let most = RawFrame.credit(
          1, messages: UInt64(UInt32.max), bytes: .max, descriptors: UInt64(UInt32.max))
        try scene.attacker.send(
          RawFrame.stream(1, "Chat").bytes + Array(repeating: most.bytes, count: 1000).joined()
            + RawFrame.message(1, [8, 5]).bytes + RawFrame.finish(1).bytes)
        let answers = try await scene.attacker.frames(until: 4)
        #expect(answers.filter { $0.kind == 3 }.map(\.message) == [[8, 5]])
        #expect(answers.last?.code == 0)
      }
    }
  }

  @Test func `credit for a call that is not open, or has no stream, is dropped`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let frames = [
          RawFrame.credit(7, messages: 1), .request(1, "Wait"), .credit(1, messages: 1),
          .credit(1 << 31 | 1, messages: 1), .request(2, "Echo", message: [8, 3]), .cancel(1),
        ]
        try scene.attacker.send(frames.flatMap(\.bytes))
        #expect(try await scene.answers(1, 2)[2]?.message == [8, 3])
      }
    }
  }

  @Test func `what comes for a call that is over is dropped with its descriptors`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let pipe = try WatchedPipe()
        // The second message of the stream is not protobuf, which ends the call.
        try scene.attacker.send(
          RawFrame.stream(1, "Gather").bytes + RawFrame.message(1, [0xff]).bytes)
        #expect(try await scene.answers(1)[1]?.code == 3, "INVALID_ARGUMENT")
        let frames = [
          RawFrame.message(1), .fragment(1, [8]), .message(1, [1]), .finish(1), .finish(1),
          .message(1, Parcels.files([1]), descriptors: 1),
        ]
        try scene.attacker.send(frames.flatMap(\.bytes), descriptors: [pipe.writing])
        await pipe.untilClosed()
        try scene.attacker.send(RawFrame.request(2, "Echo", message: [8, 3]).bytes)
        #expect(try await scene.answers(2)[2]?.message == [8, 3], "the connection goes on")
      }
    }
  }

  // MARK: Fragments

  @Test func `descriptors of a message whose end does not come are closed with the connection`()
    async
  {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let pipe = try WatchedPipe()
        for frame in [
          RawFrame.fragment(1, Parcels.files([1]), descriptors: 1),
          .fragment(2, descriptors: 1), .fragment(1, at: 3, descriptors: 1),
        ] {
          try scene.attacker.send(frame.bytes, descriptors: [pipe.writing])
        }
        scene.attacker.leave()
        await pipe.untilClosed()
      }
      try await ClientScene.run { scene in
        let pipe = try WatchedPipe()
        let call = scene.begin(Parcels.echo)
        let number = try #require(try await scene.requests(1).first).call
        try scene.attacker.send(
          RawFrame.fragment(number, descriptors: 1).bytes, descriptors: [pipe.writing])
        scene.attacker.leave()
        #expect(await call.value.error?.code == .unavailable)
        await pipe.untilClosed()
      }
    }
  }

  @Test func `a message in fragments that is too large is dropped at once and fails its call`()
    async
  {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run(options: ServerOptions(largestMessage: 65_536)) { scene in
        let pipe = try WatchedPipe()
        let piece = [UInt8](repeating: 0, count: 40_000)
        try scene.attacker.send(
          RawFrame.fragment(1, piece, descriptors: 1).bytes, descriptors: [pipe.writing])
        try scene.attacker.send(RawFrame.fragment(1, at: 40_000, piece).bytes)
        await pipe.untilClosed()
        let last = RawFrame.request(1, "Echo", message: [8, 1])
        try scene.attacker.send(RawFrame.fragment(1, at: 80_000, piece).bytes + last.bytes)
        let answer = try await scene.answers(1)[1]
        #expect(answer?.code == 8, "RESOURCE_EXHAUSTED")
        #expect(answer?.text.contains("65536") == true)
        // The same in a stream.
        try scene.attacker.send(RawFrame.stream(2, "Gather").bytes)
        for offset in [0, 40_000 as UInt64] {
          try scene.attacker.send(RawFrame.fragment(2, at: offset, piece).bytes)
        }
        try scene.attacker.send(RawFrame.message(2).bytes)
        #expect(try await scene.answers(2)[2]?.code == 8)
      }
    }
  }

  @Test
  func `more than two of the largest messages in fragments are too much, and room comes back`()
    async
  {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run(options: ServerOptions(largestMessage: 65_536)) { scene in
        let piece = [0x12, 0xe0, 0xd4, 0x03] + [UInt8](repeating: 7, count: 60_000)
        for round in [0, 3] as [UInt32] {
          for call in 1...3 as ClosedRange<UInt32> {
            try scene.attacker.send(RawFrame.fragment(round + call, piece).bytes)
          }
          for call in 1...3 as ClosedRange<UInt32> {
            try scene.attacker.send(RawFrame.request(round + call, "Count").bytes)
          }
          let answers = try await scene.answers(round + 1, round + 2, round + 3)
          #expect(answers[round + 1]?.kind == 3)
          #expect(answers[round + 2]?.kind == 3)
          #expect(answers[round + 3]?.code == 8, "RESOURCE_EXHAUSTED")
        }
      }
    }
  }

  @Test func `a message in fragments with too many descriptors closes them and fails its call`()
    async
  {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run(options: ServerOptions(descriptorsPerMessage: 3)) { scene in
        let pipe = try WatchedPipe()
        for offset in [0, 4 as UInt64] {
          try scene.attacker.send(
            RawFrame.fragment(1, at: offset, Parcels.files([1, 2]), descriptors: 2).bytes,
            descriptors: [pipe.writing, pipe.writing])
        }
        await pipe.untilClosed()
        try scene.attacker.send(RawFrame.request(1, "Count").bytes)
        let answer = try await scene.answers(1)[1]
        #expect(answer?.code == 8, "RESOURCE_EXHAUSTED")
        #expect(answer?.text.contains("at most 3 descriptors") == true)
      }
    }
  }

  @Test func `messages in fragments hold twice the descriptors of the largest, and no more`() async
  {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run(options: ServerOptions(descriptorsPerMessage: 3)) { scene in
        for round in [0, 3] as [UInt32] {
          let pipe = try WatchedPipe()
          for call in 1...3 as ClosedRange<UInt32> {
            try scene.attacker.send(
              RawFrame.fragment(round + call, Parcels.files([1, 2, 3]), descriptors: 3).bytes,
              descriptors: Array(repeating: pipe.writing, count: 3))
          }
          for call in 1...3 as ClosedRange<UInt32> {
            try scene.attacker.send(RawFrame.request(round + call, "Count").bytes)
          }
          let answers = try await scene.answers(round + 1, round + 2, round + 3)
          #expect(answers[round + 1]?.message == [8, 3])
          #expect(answers[round + 2]?.message == [8, 3])
          #expect(answers[round + 3]?.code == 8, "RESOURCE_EXHAUSTED")
          await pipe.untilClosed()
        }
      }
    }
  }

  @Test func `a cancel in the middle of fragments discards them, and its number can be used`() async
  {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let pipe = try WatchedPipe()
        try scene.attacker.send(
          RawFrame.fragment(1, Parcels.files([1]), descriptors: 1).bytes,
          descriptors: [pipe.writing])
        try scene.attacker.send(RawFrame.cancel(1).bytes)
        await pipe.untilClosed()
        try scene.attacker.send(
          RawFrame.fragment(1, [8]).bytes + RawFrame.request(1, "Echo", message: [3]).bytes)
        #expect(try await scene.answers(1)[1]?.message == [8, 3])
      }
    }
  }

  @Test func `a status in the middle of a reply's fragments ends the call and closes them`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let pipe = try WatchedPipe()
        let call = scene.begin(Parcels.echo)
        let number = try #require(try await scene.requests(1).first).call
        try scene.attacker.send(
          RawFrame.fragment(number, [8], descriptors: 1).bytes, descriptors: [pipe.writing])
        try scene.attacker.send(RawFrame.status(number, 5).bytes)
        #expect(await call.value.error?.code == .notFound)
        await pipe.untilClosed()
      }
    }
  }

  // MARK: Readers that do not read

  @Test func `a client that opens streams up to the limit and reads none costs little memory`()
    async
  {
    await #expect(processExitsWith: .success) {
      let hello = RawFrame.hello(
        messages: UInt64(UInt32.max), bytes: .max, descriptors: UInt64(UInt32.max))
      var options = ServerOptions(loops: 1, callsPerConnection: 256)
      options.largestMessage = 65_536
      try await ServerScene.run(hello: hello, options: options) { scene in
        // 50,000 bytes, again and again.
        for call in 1...257 as ClosedRange<UInt32> {
          try scene.attacker.send(
            RawFrame.request(call, "Pour", message: [8, 0xd0, 0x86, 0x03]).bytes)
        }
        for _ in 1...256 { #expect(await scene.events.next() == .begun) }
        // On the same loop: when it has time for this, every handler waits.
        #expect(try await scene.bystander.call(Parcels.echo, Parcel(number: 5)).number == 5)
        #expect(try await scene.bystander.call(Parcels.echo, Parcel(number: 6)).number == 6)
        let poured = scene.events.poured.load(ordering: .relaxed)
        // What the kernel holds, and a megabyte in the queue.
        #expect(poured * 50_000 < 6 << 20)
        // The connection is alive.
        #expect(try await scene.attacker.frames(until: 3).last?.message.count == 50_004)
      }
    }
  }

  @Test func `a stream's window bounds what a handler that does not read holds`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run(options: Self.narrow) { scene in
        let pipe = try WatchedPipe()
        for call in 1...100 as ClosedRange<UInt32> {
          try scene.attacker.send(
            RawFrame.stream(call, "Hold").bytes
              + RawFrame.message(call, Parcels.files([1, 2]), descriptors: 2).bytes,
            descriptors: [pipe.writing, pipe.writing])
        }
        for _ in 1...100 { #expect(await scene.events.next() == .begun) }
        // No credit was given that nobody took.
        try scene.attacker.send(RawFrame.request(200, "Echo", message: [8, 3]).bytes)
        #expect(try await scene.attacker.frames(until: 3).map(\.kind) == [3])
        scene.attacker.leave()
        await pipe.untilClosed()
      }
    }
  }

  // MARK: Calls of the server

  @Test func `a client that answers a server's call against the protocol loses its connection`()
    async
  {
    await #expect(processExitsWith: .success) {
      let call: UInt32 = 1 << 31 | 1
      let attacks: [(RawFrame, String)] = [
        (.cancel(call), "kind 5 from the end that answers"),
        (.finish(call), "kind 10 from the end that answers"),
        (.request(call, "Echo"), "numbered as one of this end"),
        (RawFrame(9, call: call, head: [0x0a, 3, 0x0a, 1, 0x41]), "metadata key"),
        (RawFrame(4, call: call, flags: 1, head: [0xff]), "Status"),
        (RawFrame(7, call: call, head: [0xff]), "Credit"),
      ]
      for (frame, fault) in attacks {
        try await ServerScene.run { scene in
          try scene.attacker.send(RawFrame.request(1, "CallBack", message: [8, 3]).bytes)
          let request = try #require(try await scene.attacker.frames(until: 2).last)
          #expect(request.call == call)
          try scene.attacker.send(frame.bytes)
          try await scene.expectGoodbye(fault, "\(frame)")
        }
      }
    }
  }

  @Test func `a client's wrong answers to a server's call fail that call alone`() async {
    await #expect(processExitsWith: .success) {
      let attacks: [([RawFrame], Int)] = [
        ([.status(1 << 31 | 1)], 13),
        ([.status(1 << 31 | 1, 5)], 5),
        ([.message(1 << 31 | 1), .message(1 << 31 | 1)], 13),
        ([.response(1 << 31 | 1, message: [0xff])], 13),
      ]
      for (frames, code) in attacks {
        try await ServerScene.run { scene in
          try scene.attacker.send(RawFrame.request(1, "CallBack", message: [8, 3]).bytes)
          _ = try await scene.attacker.frames(until: 2)
          try scene.attacker.send(frames.flatMap(\.bytes))
          #expect(try await scene.answers(1)[1]?.code == code, "\(frames)")
        }
      }
    }
  }
}
