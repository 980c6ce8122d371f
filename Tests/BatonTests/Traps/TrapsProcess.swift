import Baton
import BatonMessages
import CKernelObjects
import Glibc
import SystemPackage
import Testing

/// Peers whose process is gone, or that the kernel cannot name. Every test runs in a process of its
/// own, so that its children and its open descriptor numbers are the test's alone.
@Suite(.processOfItsOwn, .timeLimit(.minutes(2))) struct TrapsProcess {
  /// The credentials of whoever `connect` makes connect to a listening socket, and what it gives.
  private static func credentials<Peer>(
    _ connect: (_ path: String) throws -> Peer, _ body: (PeerCredentials, Peer) throws -> Void
  ) async throws {
    let before = OpenNumbers.names()
    try accept(connect, body)
    await OpenNumbers.expect(before)
  }

  private static func accept<Peer>(
    _ connect: (_ path: String) throws -> Peer, _ body: (PeerCredentials, Peer) throws -> Void
  ) throws {
    let path = "/tmp/baton-traps-\(UInt64.random(in: 0 ... .max)).sock"
    let listener = try Listener.bind(Address("unix:\(path)"), mode: 0o600)
    defer { listener.removeFile() }
    let peer = try connect(path)
    let accepted = Glibc.accept(listener.number, nil, nil)
    try #require(accepted >= 0)
    try body(PeerCredentials(of: PacketSocket(adopting: accepted)), peer)
  }

  /// The number of a process that connected, ended and was collected.
  private static func child(connectingTo path: String) throws -> Int32 {
    let child = connect_and_end(path)
    try #require(child > 0)
    return child
  }

  /// What the kernel says of a pidfd's process: -1 when it is gone and collected.
  private static func processID(of process: Descriptor) throws -> Int32? {
    let number = process.withFileDescriptor { $0.rawValue }
    let text = try Descriptor.open(FilePath("/proc/self/fdinfo/\(number)")).readTextToEnd()
    let words = text.split { $0 == "\t" || $0 == "\n" }
    guard let label = words.firstIndex(of: "Pid:") else { return nil }
    return Int32(words[label + 1])
  }

  @Test func `a peer's process descriptor is that of the process that connected`() async {
    await #expect(processExitsWith: .success) {
      try await Self.credentials(RawPeer.connected(to:)) { (credentials, _) throws in
        #expect(credentials.processID == getpid())
        let process = try credentials.processDescriptor()
        #expect(try process.describe().kind == .process)
        #expect(try Self.processID(of: process) == getpid())
      }
    }
  }

  @Test func `a peer that is gone is nobody, even when its number is another's by now`() async {
    await #expect(processExitsWith: .success) {
      try await Self.credentials(Self.child(connectingTo:)) { (credentials, child) throws in
        #expect(credentials.processID == child, "as of then")
        do {
          // Since Linux 6.16 there is one for the process that was.
          let process = try credentials.processDescriptor()
          #expect(try Self.processID(of: process) == -1)
        } catch let error as Errno {
          #expect(error == .invalidArgument)
        }
        #expect(throws: Errno.self) { try credentials.executable() }
      }
    }
  }

  @Test func `where the kernel names no processes, there is an error and no answer`() async {
    await #expect(processExitsWith: .success) {
      try await Self.credentials(RawPeer.connected(to:)) { (credentials, _) throws in
        let peerPidfd: Int32 = 77
        try #require(hide_socket_option(peerPidfd, ENOPROTOOPT) == 0)
        #expect(throws: Errno.protocolNotAvailable) { try credentials.processDescriptor() }
        #expect(throws: Errno.protocolNotAvailable) { try credentials.executable() }
        #expect(credentials.userID == getuid(), "the rest is there")
      }
    }
  }
}
