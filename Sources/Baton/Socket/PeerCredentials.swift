public import BatonMessages
internal import CBaton
public import SystemPackage

/// Who is at the other end, as the kernel recorded it when the connection was made (SO_PEERCRED).
///
/// Of a socket pair both ends were made by one process, so both name that one. A server that `exec:`
/// started is told its client, which made the pair; the client is told itself, not the server.
public struct PeerCredentials: Sendable {
  public let processID: Int32
  public let userID: UInt32
  public let groupID: UInt32
  private let socket: PacketSocket

  init(of socket: PacketSocket) throws(Errno) {
    var raw = baton_credentials()
    let result = baton_peer_credentials(socket.number, &raw)
    if result < 0 { throw Errno(rawValue: -result) }
    processID = raw.pid
    userID = raw.uid
    groupID = raw.gid
    self.socket = socket
  }

  /// A descriptor for the process itself, which no other process can take the place of, unlike
  /// ``processID`` (SO_PEERPIDFD). The caller owns it. Throws `invalidArgument` when the process is
  /// gone, `noProtocolOption` on kernels before 6.5.
  public func processDescriptor() throws(Errno) -> Descriptor {
    let number = baton_peer_pidfd(socket.number)
    if number < 0 { throw Errno(rawValue: -number) }
    return Descriptor(adopting: FileDescriptor(rawValue: number))
  }
}
