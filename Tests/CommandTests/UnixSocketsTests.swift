import BatonCommand
import Foundation
import Testing

@Suite struct UnixSocketsTests {
  @Test func `only listening SOCK_SEQPACKET sockets with a name are offered`() {
    let table = """
      Num       RefCount Protocol Flags    Type St Inode Path
      0000000000000000: 00000002 00000000 00010000 0001 01 17043 /run/stream.sock
      0000000000000000: 00000002 00000000 00010000 0005 01 17044 /run/my broker.sock
      0000000000000000: 00000003 00000000 00000000 0005 03 17045 /run/connected.sock
      0000000000000000: 00000002 00000000 00010000 0005 01 17046
      0000000000000000: 00000002 00000000 00010000 0005 01 17047 @broker

      """
    #expect(UnixSockets.listening(in: table) == ["/run/my broker.sock", "@broker"])
  }
}
