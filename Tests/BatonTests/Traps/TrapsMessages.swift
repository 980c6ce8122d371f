import Baton
import Testing

/// Messages that are made to use up a reader. Every test runs in a process of its own, so that its
/// open descriptor numbers are the test's alone.
@Suite(.processOfItsOwn, .timeLimit(.minutes(2))) struct TrapsMessages {
  /// As protobuf, and a part of what must be said against it.
  static let hostile: [(message: [UInt8], fault: String)] = [
    (Array(repeating: 0x23, count: 100_000), "levels of messages"),  // groups inside groups
    ([0x12, 0xff, 0xff, 0xff, 0xff, 0x07], "the message ends inside"),  // 2 GiB of bytes
    ([0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "length"),
    ([0x0a], "the message ends inside"),
    ([0x08] + Array(repeating: 0xff, count: 11), "varint"),
    ([0x00, 0x00], "expected a tag"),
    ([0x0f, 0x00], "wire type"),
    ([0x1a, 0xa0, 0x8d, 0x06] + Array(repeating: 1, count: 100_000), "files[0]"),  // places
    ([0x1a, 0x02, 0x80, 0x80], "files"),
  ]

  @Test func `a message that no reader can take fails its call alone`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        for (index, (message, fault)) in Self.hostile.enumerated() {
          let number = UInt32(index + 1)
          try scene.attacker.send(RawFrame.request(number, "Echo", message: message).bytes)
          let answer = try #require(try await scene.answers(number)[number])
          #expect([3, 8].contains(answer.code), "INVALID_ARGUMENT or RESOURCE_EXHAUSTED: \(fault)")
          #expect(answer.text.contains(fault), "\(fault): \(answer.text)")
        }
        try scene.attacker.send(RawFrame.request(99, "Echo", message: [8, 3]).bytes)
        #expect(try await scene.answers(99)[99]?.message == [8, 3], "the connection goes on")
      }
    }
  }

  @Test func `an answer that no reader can take fails its call alone`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        for (message, fault) in Self.hostile {
          let call = scene.begin(Parcels.echo)
          try await scene.answer { .response($0, message: message) }
          let error = await call.value.error
          #expect(error?.origin == .local)
          #expect(error?.message.contains(fault) == true, "\(fault): \(error?.message ?? "none")")
        }
        let call = scene.begin(Parcels.echo)
        try await scene.answer { .response($0, message: [8, 3]) }
        #expect(await call.value.reply?.number == 3, "the connection goes on")
      }
    }
  }
}
