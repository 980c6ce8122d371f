import Baton
import BatonMessages
import Glibc
import SystemPackage
import Testing

/// Peers that go on using a file which they sent or were sent. Every test runs in a process of its
/// own, so that its open descriptor numbers are the test's alone.
@Suite(.processOfItsOwn, .timeLimit(.minutes(2))) struct TrapsContent {
  /// A client's call that is answered with `file`, of which the attacker keeps its own number.
  private static func receive(
    _ file: Descriptor, _ body: @Sendable (_ received: Descriptor, _ kept: Int32) throws -> Void
  ) async throws {
    try await ClientScene.run { scene in
      let call = scene.begin(Parcels.echo)
      let kept = try file.duplicate().take()
      defer { try? kept.close() }
      try await scene.answer(descriptors: [kept.rawValue]) {
        .response($0, message: Parcels.files([1]), descriptors: 1)
      }
      let reply = try #require(await call.value.reply)
      try body(reply.files[0], kept.rawValue)
    }
  }

  @Test func `memory that its sender cuts short ends early when it is read, and does not fault`()
    async
  {
    await #expect(processExitsWith: .success) {
      try await Self.receive(.memory([UInt8](repeating: 7, count: 1 << 20))) {
        (received, kept) throws in
        #expect(try received.describe().size == 1 << 20)
        #expect(try !received.seals.contains(.shrink), "what must not be mapped says so")
        try #require(ftruncate(kept, 10) == 0)
        #expect(try received.readAll() == [UInt8](repeating: 7, count: 10))
        var rest = [UInt8](repeating: 0, count: 100)
        let count = try rest.withUnsafeMutableBytes { try received.read(into: $0, at: 4096) }
        #expect(count == 0)
      }
    }
  }

  @Test func `memory that was sealed stays as it was sent`() async {
    await #expect(processExitsWith: .success) {
      try await Self.receive(.memory(Array("as sent".utf8), sealed: true)) {
        (received, kept) throws in
        #expect(try received.seals.isSuperset(of: [.shrink, .grow, .write, .seal]))
        #expect(ftruncate(kept, 0) == -1 && errno == EPERM)
        #expect(pwrite(kept, "x", 1, 0) == -1 && errno == EPERM)
        #expect(try received.readTextToEnd() == "as sent")
      }
    }
  }

  @Test func `what was read of memory stays as it was read when its sender writes on`() async {
    await #expect(processExitsWith: .success) {
      try await Self.receive(.memory(Array("first".utf8))) { (received, kept) throws in
        #expect(try !received.seals.contains(.write), "what must not be parsed in place says so")
        let text = try received.readTextToEnd()
        let bytes = try received.readAll()
        try #require(pwrite(kept, "later", 5, 0) == 5)
        #expect(text == "first" && bytes == Array("first".utf8))
        #expect(try received.readAll() == Array("later".utf8))
      }
    }
  }

  @Test func `an open-file-description lock is its sender's and its receiver's alike`() async {
    await #expect(processExitsWith: .success) {
      let file = try Descriptor.memory(Array("locked".utf8))
      let other = try file.reopened(access: .readWrite)
      try #require(Self.lock(file, Self.ofdSetLock) == 0)
      try await Self.receive(file) { (received, _) throws in
        #expect(Self.lock(other, Self.ofdSetLock) == EAGAIN)
        #expect(Self.lock(received, Self.ofdSetLock) == 0, "it does not keep its holders apart")
        #expect(Self.lock(other, Self.ofdSetLock) == EAGAIN)
        #expect(Self.lock(received, Self.ofdSetLock, F_UNLCK) == 0)
        #expect(Self.lock(other, Self.ofdSetLock) == 0)
      }
    }
  }

  @Test func `a record lock is lost when a duplicate of what came of its file is closed`() async {
    await #expect(processExitsWith: .success) {
      let file = try Descriptor.memory(Array("locked".utf8))
      let other = try file.reopened(access: .readWrite)
      try #require(Self.lock(file, F_SETLK) == 0)
      try await Self.receive(file) { (received, _) throws in
        #expect(Self.lock(other, Self.ofdSetLock) == EAGAIN)
        try received.duplicate().take().close()
        #expect(Self.lock(other, Self.ofdSetLock) == 0, "though its owner holds all that it had")
      }
      withExtendedLifetime(file) {}
    }
  }

  /// F_OFD_SETLK, which Swift does not import.
  private static let ofdSetLock: Int32 = 37

  /// Locks the whole file for writing (fcntl(2)). Zero or the errno.
  private static func lock(_ file: Descriptor, _ command: Int32, _ type: Int32 = F_WRLCK) -> Int32 {
    var lock = flock()
    lock.l_type = Int16(type)
    lock.l_whence = Int16(SEEK_SET)
    return file.withFileDescriptor { fcntl($0.rawValue, command, &lock) == 0 ? 0 : errno }
  }

  @Test func `a sender moves the offset under the receiver, whose positional reads do not mind`()
    async
  {
    await #expect(processExitsWith: .success) {
      try await Self.receive(.memory(Array("0123456789".utf8))) { (received, kept) throws in
        try #require(lseek(kept, 8, SEEK_SET) == 8)
        var bytes: [UInt8] = [0, 0, 0]
        let count = try bytes.withUnsafeMutableBytes { try received.read(into: $0, at: 1) }
        #expect(count == 3 && bytes == Array("123".utf8))
        #expect(try received.readTextToEnd() == "89", "from the shared offset on")
      }
    }
  }

  @Test func `a receiver writes to what it was given for reading, unless a seal keeps it from it`()
    async
  {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let open = try Descriptor.memory(Array("open".utf8))
        let reading = try open.reopened(access: .readOnly)
        let sealed = try Descriptor.memory(Array("sealed".utf8), sealed: true)
        let call = scene.begin(Parcels.echo, Parcel(files: [reading, sealed]))
        let packet = try #require(try await scene.attacker.receive())
        try #require(packet.descriptors.count == 2)
        let writable = packet.descriptors.map { Glibc.open("/proc/self/fd/\($0)", O_RDWR) }
        #expect(pwrite(packet.descriptors[0], "X", 1, 0) == -1 && errno == EBADF)
        #expect(pwrite(writable[0], "X", 1, 0) == 1)
        #expect(try open.readAll() == Array("Xpen".utf8))
        #expect(pwrite(writable[1], "X", 1, 0) == -1)
        #expect(try sealed.readAll() == Array("sealed".utf8))
        for number in packet.descriptors + writable where number >= 0 { close(number) }
        let request = try #require(ReceivedFrame.all(in: packet.bytes).last)
        try scene.attacker.send(RawFrame.response(request.call).bytes)
        #expect(await call.value.error == nil)
      }
    }
  }
}
