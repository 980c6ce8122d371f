import Baton
import BatonMessages
import Testing

@Suite struct WireTypesTests {
  @Test func `a method's identity is the FNV-1a hash of its name`() {
    #expect(MethodIdentity("").number == 0xcbf2_9ce4_8422_2325)
    #expect(MethodIdentity("files.v1.FileBroker/Open").number == 0xc677_5312_866b_7235)
  }

  @Test func `a stream begins with credit for a message, whatever a hello says`() {
    let least = StreamCredit(messages: 1, bytes: 1, descriptors: 1)
    #expect(PeerLimits(WireHello(largestPacket: 65_536)).window == least)
    let empty = WireHello(largestPacket: 65_536, stream: WireCredit())
    #expect(PeerLimits(empty).window == least)
  }

  @Test(
    arguments: [
      (0, 65_536 - 24), (1, 1), (65_536, 65_536), (70_000, 70_000), (.max, Int(Int32.max)),
    ] as [(UInt64, Int)])
  func `the largest message is what a hello says, and one packet's where it says nothing`(
    told: UInt64, largest: Int
  ) {
    let limits = PeerLimits(WireHello(largestPacket: 65_536, largestMessage: told))
    #expect(limits.largestMessage == largest)
  }

  @Test func `frames share a packet until it is full`() {
    var packets = OutgoingPackets(largestPacket: 256)
    for call in 1...10 {
      packets.add(FrameHeader(.request, call: UInt32(call), isLast: true, size: 40))
    }
    var counts: [Int] = []
    while let packet = packets.takeFirst() { counts.append(packet.count / 64) }
    #expect(counts == [4, 4, 2])
  }

  @Test func `a frame with descriptors is the last of its packet`() throws {
    let file = try Descriptor.memory([1])
    var packets = OutgoingPackets(largestPacket: 4096)
    packets.add(FrameHeader(.cancel, call: 1, size: 0))
    packets.add(
      FrameHeader(.request, call: 2, isLast: true, size: 8, descriptors: 1), descriptors: [file])
    packets.add(FrameHeader(.cancel, call: 3, size: 0))
    let first = packets.takeFirst()
    #expect(first?.count == 24 + 32)
    #expect(first?.descriptors.count == 1)
    #expect(first?.lastCall == 2)
    let second = packets.takeFirst()
    #expect(second?.count == 24)
    #expect(second?.descriptors.isEmpty == true)
    #expect(packets.takeFirst() == nil)
  }

  @Test func `a packet that could not leave leaves first`() {
    var packets = OutgoingPackets(largestPacket: 4096)
    packets.add(FrameHeader(.cancel, call: 1, size: 0))
    guard let blocked = packets.takeFirst() else {
      Issue.record("expected a packet")
      return
    }
    packets.add(FrameHeader(.cancel, call: 2, size: 0))
    packets.putBack(blocked)
    packets.add(FrameHeader(.cancel, call: 3, size: 0))
    #expect(packets.waiting == 72)
    #expect(packets.takeFirst()?.lastCall == 1)
    #expect(packets.takeFirst()?.lastCall == 3)
    #expect(packets.waiting == 0)
  }

  @Test func `all that waits of a call can be dropped, with its descriptors`() throws {
    let file = try Descriptor.memory([1])
    var packets = OutgoingPackets(largestPacket: 4096)
    for call in [1, 2, 1, 3] as [UInt32] {
      packets.add(FrameHeader(.message, call: call, size: 8)) {
        $0.storeBytes(of: UInt64(call), as: UInt64.self)
      }
    }
    packets.add(FrameHeader(.message, call: 1, size: 8, descriptors: 1), descriptors: [file])
    packets.add(FrameHeader(.status, call: 1, isLast: true, size: 0))
    packets.dropAll(of: [1])
    #expect(packets.waiting == 64)
    let first = packets.takeFirst()
    let packet = try #require(first)
    #expect(packet.descriptors.isEmpty)
    #expect(packet.lastCall == 3)
    let calls = [0, 32].map { packet.bytes.load(fromByteOffset: $0 + 8, as: UInt32.self) }
    #expect(calls == [2, 3])
    #expect(packet.bytes.load(fromByteOffset: 24, as: UInt64.self) == 2)
    #expect(packet.bytes.load(fromByteOffset: 56, as: UInt64.self) == 3)
    let second = packets.takeFirst()
    #expect(second == nil)
  }

  @Test func `a peer has as long for every answer as for the first`() {
    var keepalive = Keepalive(interval: 10_000_000, patience: 8_000_000_000, now: 0)
    #expect(keepalive.check(now: 10_000_000) == .ask(then: 20_000_000))
    keepalive.heard(now: 11_000_000)
    // Whoever looks was late.
    #expect(keepalive.check(now: 8_010_000_000) == .ask(then: 8_020_000_000))
    #expect(keepalive.check(now: 8_020_000_000) == .wait(until: 8_030_000_000))
    #expect(keepalive.check(now: 16_009_999_999) == .wait(until: 16_010_999_999))
    #expect(keepalive.check(now: 16_010_000_000) == .giveUp)
  }

  @Test func `timers that are cancelled are forgotten, though an earlier one is not due`() {
    var heap = TimerHeap()
    heap.insert(LoopTimer(deadline: .max - 1) {})
    for _ in 0..<10_000 {
      let timer = LoopTimer(deadline: .max) {}
      heap.insert(timer)
      timer.cancel()
    }
    #expect(heap.count <= 1024)
  }

  @Test func `timers come out in the order of their time, without those that were cancelled`() {
    var heap = TimerHeap()
    var deadlines: [UInt64] = []
    for offset in [5, 1, 4, 2, 3] as [UInt64] {
      heap.insert(LoopTimer(deadline: offset) {})
    }
    let cancelled = LoopTimer(deadline: .max) {}
    heap.insert(cancelled)
    deadlines = heap.takeDue().map(\.deadline)
    #expect(deadlines == [1, 2, 3, 4, 5])
    cancelled.cancel()
    #expect(heap.takeDue().count == 1)
    #expect(heap.nanosecondsLeft() == nil)
  }

  @Test(arguments: [
    ("unix:/run/x.sock", Address.path("/run/x.sock")), ("unix:@x", .abstract("x")),
    ("fd:3", .inherited(3)), ("systemd", .announced),
    ("exec:a 'b c' \"d\" e\\ f", .command(["a", "b c", "d", "e f"])),
    ("exec:a\tb\nc", .command(["a", "b", "c"])),
  ])
  func `an address is read as it is written`(text: String, address: Address) throws {
    #expect(try Address(text) == address)
  }

  @Test(arguments: [
    "", "unix:", "unix:@", "fd:", "fd:-1", "fd:x", "exec:", "exec:'a", "tcp:1", "systemd:x",
    "unix:" + String(repeating: "x", count: 108),
  ])
  func `what is no address is refused`(text: String) {
    let error = #expect(throws: ConnectionError.self) { try Address(text) }
    #expect(error?.kind == .address)
  }

  @Test func `polling stops where it does not pay, and where another program needs the processor`()
  {
    var policy = PollingPolicy(.microseconds(20))
    guard policy.shouldPoll() else { return }  // a single processor: never
    let overAtTheLimit = (0..<3).map { _ in policy.isOver(begin: 0, last: 20_000, now: 20_001) }
    let polls = [policy.shouldPoll(), policy.shouldPoll()]
    policy.paid(begin: 0, now: 1)
    let overAfterALongYield = policy.isOver(begin: 0, last: 0, now: .max / 2)
    let pollsAfterIt = policy.shouldPoll()
    #expect(overAtTheLimit == [true, true, true])
    #expect(polls == [false, true])
    #expect(overAfterALongYield)
    #expect(!pollsAfterIt)
  }

  @Test func `polling can be turned off`() {
    var policy = PollingPolicy(.zero)
    let polls = policy.shouldPoll()
    #expect(!polls)
  }
}
