import Baton
import Glibc
import SystemPackage
import Testing

/// Packets that break the specification of the wire. Every test runs in a process of its own, so
/// that the open descriptor numbers are the test's alone.
@Suite(.processOfItsOwn, .timeLimit(.minutes(2))) struct TrapsFrames {
  /// A packet that must end the connection, and a part of the reason that GOODBYE must give.
  struct Violation: Sendable {
    var bytes: [UInt8]
    var fault: String
    /// How many descriptors come with it.
    var descriptors = 0

    init(_ fault: String, _ frames: RawFrame..., descriptors: Int = 0) {
      bytes = frames.flatMap(\.bytes)
      self.fault = fault
      self.descriptors = descriptors
    }

    init(_ fault: String, bytes: [UInt8]) {
      self.bytes = bytes
      self.fault = fault
    }
  }

  static let request = RawFrame.request(1, "Echo")

  /// What neither a client nor a server may send, with a valid frame's bytes changed here and there.
  static let fromEither = [
    Violation("expected a header of 24 bytes, got 8", bytes: Array(request.bytes.prefix(8))),
    Violation("expected a frame of", request.with { $0.size = 8 }),
    Violation("expected a frame of", request.with { $0.size = .max }),
    Violation("expected a frame of", request.with { $0.size = .max - 31 }),
    Violation("expected padding of zeros, got 9", bytes: padded(with: 9)),
    Violation("kind 1 to 11, got 0", request.with { $0.kind = 0 }),
    Violation("kind 1 to 11, got 12", request.with { $0.kind = 12 }),
    Violation("flags 0 or 1, got 3", request.with { $0.flags = 3 }),
    Violation("flags 1 in a frame of kind 5", RawFrame(5, call: 1, flags: 1)),
    Violation("a second hello", .hello),
    Violation("call 0", request.with { $0.call = 0 }),
    Violation("call 1 in a frame of kind 6", RawFrame(6, call: 1)),
    Violation("a method", RawFrame(5, call: 1).with { $0.method = 1 }),
    Violation("a message", RawFrame(6, message: [0, 0, 0, 0, 0, 0, 0, 0])),
    Violation("a head", RawFrame(5, call: 1, head: [0x08, 1])),
    Violation("expected a head of at most 0 bytes", request.with { $0.head = 1 }),
    Violation("Goodbye", RawFrame(6, head: [0xff])),
    Violation("descriptors in a frame of kind 5", cancelWithDescriptor, descriptors: 1),
    Violation("expected 0 descriptors, got 1", RawFrame.cancel(1), descriptors: 1),
  ]

  private static let cancelWithDescriptor = RawFrame.cancel(1).with { $0.descriptors = 1 }

  private static func padded(with byte: UInt8) -> [UInt8] {
    var bytes = RawFrame.request(1, "Echo", message: [8, 1]).bytes
    bytes[bytes.count - 1] = byte
    return bytes
  }

  /// What only a server sends, and requests that cannot be.
  static let fromClients = [
    Violation("call 2147483648", request.with { $0.call = 1 << 31 }),
    Violation("expected a header of 24 bytes, got 1", bytes: request.bytes + [0]),
    Violation("kind 4 from a client", RawFrame(4, call: 1, flags: 1, head: [8, 5])),
    Violation("kind 4 from a client", RawFrame(4, call: 1, flags: 1)),
    Violation("a message in a request that opens a stream", unended),
    Violation("flags 1 in a message", .request(1, "Wait"), RawFrame(3, call: 1, flags: 1)),
    Violation("behind the last of call 1", .request(1, "Wait"), RawFrame(3, call: 1)),
    Violation("flags 0 in a frame of kind 10", RawFrame(10, call: 1)),
    Violation("a head in a frame of kind 10", RawFrame(10, call: 1, flags: 1, head: [8, 1])),
    Violation("Credit", .request(1, "Wait"), RawFrame(7, call: 1, head: [0xff])),
    Violation("kind 9 from a client", RawFrame(9, call: 1)),
    Violation("expected the fragment at byte 0", fragment.with { $0.method = 8 }),
    Violation("expected the fragment at byte 8", fragment, fragment),
    Violation("a head in a frame of kind 8", RawFrame(8, call: 1, head: [8, 1])),
    Violation("flags 1 in a frame of kind 8", RawFrame(8, call: 1, flags: 1)),
    Violation("more than 1024 messages in fragments", bytes: manyFragments),
    Violation("expected a head of", largestHead),
    Violation("RequestHead", RawFrame(2, call: 1, flags: 1, head: [0xff])),
    Violation("call 1 is open already", .request(1, "Wait"), .request(1, "Wait")),
    Violation(
      "descriptors in a frame that is not the packet's last",
      .request(1, "Count", message: Parcels.files([1]), descriptors: 1), .cancel(1),
      descriptors: 1),
    Violation("expected 0 descriptors, got 2", request, descriptors: 2),
    Violation("expected 1 descriptors, got 0", .request(1, "Count", descriptors: 1)),
    Violation(
      "expected 1 descriptors, got 2", .request(1, "Count", descriptors: 1), descriptors: 2),
    Violation(
      "expected 254 descriptors, got 253", .request(1, "Count", descriptors: 254), descriptors: 253),
  ]

  private static let manyFragments = (1...1025).flatMap { RawFrame(8, call: $0).bytes }
  private static let unended = RawFrame.request(1, "Echo", message: [8, 1]).with { $0.flags = 0 }
  private static let fragment = RawFrame(8, call: 1, message: [0, 0, 0, 0, 0, 0, 0, 0])

  private static let largestHead = RawFrame(
    2, call: 1, flags: 1, head: [UInt8](repeating: 0, count: 65_537))

  @Test func `a client that breaks the protocol is told why and loses its connection`() async {
    await #expect(processExitsWith: .success) {
      for violation in Self.fromEither + Self.fromClients {
        try await ServerScene.run { scene in
          let pipe = try WatchedPipe()
          try scene.attacker.send(
            violation.bytes,
            descriptors: Array(repeating: pipe.writing, count: violation.descriptors))
          try await scene.expectGoodbye(violation.fault, "\(violation)")
          await pipe.untilClosed()
        }
      }
    }
  }

  /// What only a client sends, and answers that cannot be.
  static let fromServers = [
    Violation("call 1 is numbered as one of this end", request),
    Violation("kind 5 from the end that answers", RawFrame.cancel(1)),
    Violation("kind 10 from the end that answers", RawFrame(10, call: 1, flags: 1)),
    Violation("Metadata", RawFrame(9, call: 1, head: [0xff])),
    Violation("metadata key", RawFrame(9, call: 1, head: [0x0a, 3, 0x0a, 1, 0x41])),
    Violation("flags 0 in a frame of kind 4", RawFrame(4, call: 1, head: [8, 5])),
    Violation("Status", RawFrame(4, call: 1, flags: 1, head: [0xff])),
    Violation("expected 2 descriptors, got 1", .response(1, descriptors: 2), descriptors: 1),
    Violation("expected 0 descriptors, got 253", .response(1), descriptors: 253),
  ]

  @Test func `a server that breaks the protocol fails every call in flight`() async {
    await #expect(processExitsWith: .success) {
      for violation in Self.fromEither + Self.fromServers {
        try await ClientScene.run { scene in
          let pipe = try WatchedPipe()
          let calls = (0..<2).map { _ in scene.begin(Parcels.wait) }
          _ = try await scene.attacker.receive()
          try scene.attacker.send(
            violation.bytes,
            descriptors: Array(repeating: pipe.writing, count: violation.descriptors))
          for call in calls {
            let error = await call.value.error
            #expect(error?.code == .unavailable, "\(violation)")
            #expect(error?.message.contains(violation.fault) == true, "\(violation)")
          }
          await pipe.untilClosed()
        }
      }
    }
  }

  @Test func `a server that breaks the protocol fails a blocking client's call and those after it`()
    async
  {
    await #expect(processExitsWith: .success) {
      for violation in Self.fromEither + Self.fromServers {
        try await BlockingScene.run { scene in
          let pipe = try WatchedPipe()
          async let call = scene.call(Parcels.wait, options: CallOptions(timeout: .seconds(20)))
          _ = try await scene.attacker.receive()
          try scene.attacker.send(
            violation.bytes,
            descriptors: Array(repeating: pipe.writing, count: violation.descriptors))
          let error = await call.error
          #expect(error?.code == .unavailable, "\(violation)")
          #expect(error?.message.contains(violation.fault) == true, "\(violation)")
          let later = await scene.call(Parcels.echo, options: CallOptions(timeout: .seconds(20)))
          #expect(later.error?.code == .unavailable, "\(violation)")
          await pipe.untilClosed()
        }
      }
    }
  }

  @Test func `a first frame other than a hello, or a hello that cannot be, is refused`() async {
    await #expect(processExitsWith: .success) {
      let violations = [
        Violation("expected a hello first, got a frame of kind 2", Self.request),
        Violation("expected a hello first, got a frame of kind 6", .goodbye),
        Violation("expected a peer of version 1, got 2 to 3", RawFrame(1, head: [8, 3, 16, 2])),
        Violation("expected a peer of version 1, got 0 to 0", RawFrame(1)),
        Violation("expected packets of at least 65536 bytes, got 0", RawFrame(1, head: [8, 1])),
        Violation("Hello", RawFrame(1, head: [8])),
      ]
      for violation in violations {
        try await ServerScene.run(greeted: false) { scene in
          try scene.attacker.send(violation.bytes)
          try await scene.expectGoodbye(violation.fault, "\(violation)")
        }
      }
    }
  }

  @Test func `frames ahead of a fault in the same packet are answered`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        try scene.attacker.send(
          RawFrame.request(1, "Count").bytes + RawFrame.request(0, "Count").bytes)
        #expect(try await scene.answers(1)[1]?.kind == 3)
        #expect(try await scene.attacker.receive() == nil)
      }
    }
  }

  @Test func `a packet of no bytes that carries a descriptor is refused`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let pipe = try WatchedPipe()
        try scene.attacker.send([], descriptors: [pipe.writing])
        try await scene.expectGoodbye("no bytes", "an empty packet")
        await pipe.untilClosed()
      }
    }
  }

  @Test func `a packet of no bytes is the end of the connection`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        try scene.attacker.send([])
        #expect(try await scene.attacker.receive() == nil)
      }
    }
  }

  @Test func `a packet larger than the server takes ends the connection`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        // Forcing needs privilege; without it the packet may not leave, and there is no attack.
        scene.attacker.forceSendBuffer(4 << 20)
        let pipe = try WatchedPipe()
        let large = RawFrame.request(1, "Echo", message: [UInt8](repeating: 0, count: 3 << 20))
        do {
          try scene.attacker.send(large.bytes, descriptors: [pipe.writing])
          try await scene.expectGoodbye("expected a packet of at most", "a large packet")
        } catch let error as Errno where error == .messageTooLong {}
        await pipe.untilClosed()
      }
    }
  }

  @Test func `a call that the client does not know is dropped with its descriptors`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let pipe = try WatchedPipe()
        try scene.attacker.send(
          RawFrame.response(99, message: Parcels.files([1]), descriptors: 1).bytes,
          descriptors: [pipe.writing])
        await pipe.untilClosed()
        let echo = scene.begin(Parcels.echo)
        try await scene.answer { .response($0, message: [8, 5]) }
        #expect(await echo.value.reply?.number == 5)
      }
    }
  }

  @Test func `a cancel of a call that is not open is ignored`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        try scene.attacker.send(
          RawFrame.cancel(4).bytes + RawFrame.request(4, "Echo", message: [8, 3]).bytes)
        #expect(try await scene.answers(4)[4]?.message == [8, 3])
      }
    }
  }
}
