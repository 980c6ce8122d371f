import Baton
import BatonMessages
import Glibc
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(1))) struct LingerTests {
  /// A connected TCP socket that nobody reads from, with so much to send that closing it last would
  /// wait an hour; and its listener's end, which is to stay open.
  private static func lingering() throws -> (Int32, [Descriptor]) {
    let listener = try made(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    try withUnsafeMutablePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
        _ = try made(Glibc.bind(listener, name, size))
        _ = try made(listen(listener, 1))
        _ = try made(getsockname(listener, name, &size))
      }
    }
    let sender = try made(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    try withUnsafePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
        _ = try made(connect(sender, name, size))
      }
    }
    let reader = try made(accept(listener, nil, nil))
    let block = [UInt8](repeating: 7, count: 1 << 16)
    while send(sender, block, block.count, Int32(MSG_DONTWAIT)) > 0 {}
    var linger = Glibc.linger(l_onoff: 1, l_linger: 3600)
    _ = try made(
      setsockopt(
        sender, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size)))
    return (sender, [own(reader), own(listener)])
  }

  private static func made(_ number: Int32) throws -> Int32 {
    if number < 0 { throw Errno(rawValue: errno) }
    return number
  }

  private static func own(_ number: Int32) -> Descriptor {
    Descriptor(adopting: FileDescriptor(rawValue: number))
  }

  /// The time limit is what fails otherwise.
  @Test func `a received socket that lingers does not hold up whoever closes it`() throws {
    let bytes = try EchoMessage(number: 1).encoded().bytes
    for isTaken in [true, false] {
      var (number, rest) = try Self.lingering()
      let request = try EchoMessage(files: [rest[0]]).encoded().bytes
      var received = ReceivedDescriptors(adopting: &number, count: 1)
      if isTaken {
        let message = try EchoMessage(decoding: request, descriptors: &received)
        #expect(message.files.count == 1)
      } else {
        // Nothing names it.
        #expect(throws: CodecError.self) {
          try EchoMessage(decoding: bytes, descriptors: &received)
        }
      }
      _ = consume received
      withExtendedLifetime(rest) {}
    }
  }
}
