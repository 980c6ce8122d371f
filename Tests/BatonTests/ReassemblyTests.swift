import Baton
import BatonMessages
import Testing

/// Messages in fragments, received as recvmsg(2) would: behind the header where they are guessed to
/// belong.
@Suite struct ReassemblyTests {
  private static let pattern = (0..<400_010).map { UInt8(truncatingIfNeeded: $0 * 7 / 5) }

  /// A message with what lies ahead of its long field and behind it.
  private static func message(_ size: Int, _ seed: UInt64) throws -> [UInt8] {
    let parcel = Parcel(
      number: seed, content: Array(pattern[Int(seed)...].prefix(size)))
    // A number again, behind the content: the last counts.
    return try parcel.encoded().bytes + [0x08, UInt8(seed)]
  }

  @Test func `messages of several calls come whole, in pieces of any size and order`() throws {
    var random = Lehmer(state: 77)
    var guesses = 0
    for _ in 0..<12 {
      var receiver = Receiver()
      var rest: [UInt32: ArraySlice<UInt8>] = [:]
      var messages: [UInt32: [UInt8]] = [:]
      for call in 1...UInt32.random(in: 1...4, using: &random) {
        let size = Int.random(in: 0...200_000, using: &random)
        messages[call] = try Self.message(size, UInt64(call))
        rest[call] = messages[call]?[...]
      }
      var calls = messages.keys.sorted()
      while let call = calls.first, let left = rest[call] {
        // In turn, mostly.
        calls.removeFirst()
        let size = [1000, 32_768, 65_536, 131_072].randomElement(using: &random)!
        let piece = left.prefix(size)
        rest[call] = left.dropFirst(size)
        var frames: [RawFrame] = []
        if piece.count == left.count {
          let head: [UInt8] = Bool.random(using: &random) ? [8, 1] : []
          frames = [RawFrame(2, call: call, flags: 1, head: head, message: Array(piece))]
        } else {
          frames = [RawFrame(8, call: call, message: Array(piece))]
          frames[0].method = UInt64(left.startIndex)
          calls.insert(call, at: Int.random(in: 0...9, using: &random) == 0 ? 0 : calls.count)
        }
        let other = RawFrame(5, call: 99)
        switch Int.random(in: 0...5, using: &random) {
        case 0: frames.append(other)
        case 1: frames.insert(other, at: 0)
        case 2: try receiver.receive([other])
        default: break
        }
        try receiver.receive(frames)
      }
      #expect(receiver.whole == messages)
      #expect(receiver.reassembly.reserved == 0)
      guesses += receiver.rightGuesses
    }
    #expect(guesses > 12)
  }

  @Test func `a long field is received where the message that is read holds it`() throws {
    var receiver = Receiver()
    let bytes = try Self.message(400_000, 1)
    try receiver.receive([RawFrame(8, call: 1, message: Array(bytes[..<131_072]))])
    let place = try #require(receiver.reassembly.guess?.baseAddress)
    try receiver.receive([
      RawFrame(8, call: 1, message: Array(bytes[131_072..<262_144])).with { $0.method = 131_072 }
    ])
    try receiver.receive([RawFrame(2, call: 1, flags: 1, message: Array(bytes[262_144...]))])
    #expect(receiver.rightGuesses == 2)
    let parcel = try #require(receiver.parcels[1])
    #expect(parcel.content.count == 400_000 && parcel.number == 1)
    let start = parcel.content.withUnsafeBytes { $0.baseAddress }
    #expect(start.map { $0 + 131_072 - 6 } == UnsafeRawPointer(place))
  }

  @Test func `a very long field gets the memory of the one before when nobody holds that`() throws {
    var receiver = Receiver(spareBytes: SpareBytes())
    let content = [UInt8](repeating: 7, count: 5 << 20)
    /// Where the content of the message lies that is received.
    func receive(_ seed: UInt8, keeping held: inout [Parcel]) throws -> UnsafeRawPointer? {
      let parcel = Parcel(number: UInt64(seed), content: content.map { $0 &+ seed })
      let bytes = try parcel.encoded().bytes
      for start in stride(from: 0, to: bytes.count, by: 131_072) {
        let piece = Array(bytes[start...].prefix(131_072))
        let isLast = start + piece.count == bytes.count
        let frame = RawFrame(isLast ? 2 : 8, call: 1, flags: isLast ? 1 : 0, message: piece)
        try receiver.receive([frame.with { $0.method = isLast ? 0 : UInt64(start) }])
      }
      let taken = receiver.parcels.removeValue(forKey: 1)
      let received = try #require(taken)
      #expect(received == parcel)
      held.append(received)
      return received.content.withUnsafeBytes { $0.baseAddress }
    }
    var held: [Parcel] = []
    let first = try receive(1, keeping: &held)
    let second = try receive(2, keeping: &held)
    #expect(first != second)
    #expect(held[0].content.allSatisfy { $0 == 8 })
    held = []
    #expect(try receive(3, keeping: &held) == second)
  }

  @Test func `a length that a peer claims takes no memory beyond the limits`() throws {
    var receiver = Receiver(largestMessage: 1 << 20)
    // 1 MiB less a little of field 2, of which little comes.
    let beginning: [UInt8] = [0x12, 0xf0, 0xff, 0x3f, 1, 2, 3, 4]
    for call in 1...UInt32(100) {
      try receiver.receive([RawFrame(8, call: call, message: beginning)])
    }
    #expect(receiver.reassembly.reserved <= 2 << 20)
    // More than the largest message.
    for call in 1...UInt32(100) { try receiver.receive([RawFrame(5, call: call)]) }
    #expect(receiver.reassembly.reserved == 0)
    try receiver.receive([
      RawFrame(8, call: 1, message: [0x12, 0xff, 0xff, 0xff, 0xff, 0x07, 1, 2])
    ])
    #expect(receiver.reassembly.reserved == 8)
  }

  @Test func `a message that ends inside its long field is malformed, and no other`() throws {
    var receiver = Receiver()
    let bytes = try Self.message(400_000, 1)
    for (call, end) in [(UInt32(1), 200_000), (2, 131_072)] {
      try receiver.receive([RawFrame(8, call: call, message: Array(bytes[..<131_072]))])
      try receiver.receive([
        RawFrame(2, call: call, flags: 1, message: Array(bytes[131_072..<end]))
      ])
      #expect(receiver.parcels[call] == nil)
      #expect(receiver.whole[call] == Array(bytes[..<end]))
    }
    let next = try Self.message(100_000, 3)
    try receiver.receive([RawFrame(8, call: 3, message: Array(next[..<50_000]))])
    try receiver.receive([RawFrame(2, call: 3, flags: 1, message: Array(next[50_000...]))])
    #expect(receiver.whole[3] == next)
  }
}

extension Parcel: Equatable {
  static func == (one: Parcel, other: Parcel) -> Bool {
    one.number == other.number && one.content == other.content
  }
}

/// The receiving half of a channel, without its socket.
private struct Receiver: ~Copyable {
  var reassembly: Reassembly
  var whole: [UInt32: [UInt8]] = [:]
  var parcels: [UInt32: Parcel] = [:]
  var rightGuesses = 0
  private let buffer = PacketBuffer()

  init(largestMessage: Int = 1 << 24, spareBytes: SpareBytes? = nil) {
    reassembly = Reassembly(
      largestMessage: largestMessage, mostDescriptors: 8, spareBytes: spareBytes)
  }

  mutating func receive(_ frames: [RawFrame]) throws {
    let packet = frames.reduce(into: []) { $0 += $1.bytes }
    let guess = reassembly.guess
    let inPlace = guess.map { scatter(packet, $0) } ?? 0
    if guess == nil { packet.withUnsafeBytes { buffer.memory.copyMemory(from: $0) } }
    if inPlace > 0 { rightGuesses += 1 }
    var walk = PacketFrames(
      UnsafeRawBufferPointer(rebasing: buffer.memory[..<packet.count]), arrived: 0, lost: false,
      inPlace: inPlace)
    while let frame = try walk.next() { try take(frame) }
  }

  /// As recvmsg(2) into three parts.
  private func scatter(_ packet: [UInt8], _ guess: UnsafeMutableRawBufferPointer) -> Int {
    packet.withUnsafeBytes { packet in
      let (head, behind) = (packet[..<24], packet[24...])
      buffer.memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: head))
      guess.copyMemory(from: UnsafeRawBufferPointer(rebasing: behind.prefix(guess.count)))
      let rest = UnsafeRawBufferPointer(rebasing: behind.dropFirst(guess.count))
      UnsafeMutableRawBufferPointer(rebasing: buffer.memory[min(24 + guess.count, packet.count)...])
        .copyMemory(from: rest)
    }
    return reassembly.check(guess, buffer.memory, packet.count)
  }

  private mutating func take(_ frame: Frame) throws {
    var none = ReceivedDescriptors()
    let call = frame.header.call
    switch frame.header.kind {
    case .fragment: try reassembly.add(frame, &none, lost: false)
    case .request:
      if let partial = reassembly.take(frame, &none, lost: false) {
        #expect(partial.flaw == nil)
        whole[call] = partial.message.copy()
        parcels[call] = try? Parcel(
          unpacking: partial.message, descriptors: &none, limits: CodecLimits(upTo: 1 << 24))
        reassembly.recycle(partial)
      } else {
        whole[call] = frame.message.copy()
      }
    default: reassembly.drop(call)
    }
  }
}
