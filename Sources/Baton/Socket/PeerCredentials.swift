public import BatonMessages
internal import CBaton
import Glibc
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

  package init(of socket: PacketSocket) throws(Errno) {
    var raw = baton_credentials()
    let result = baton_peer_credentials(socket.number, &raw)
    if result < 0 { throw Errno(rawValue: -result) }
    processID = raw.pid
    userID = raw.uid
    groupID = raw.gid
    self.socket = socket
  }

  /// A descriptor for the process itself, which no other process can take the place of, unlike
  /// ``processID`` (SO_PEERPIDFD). The caller owns it. When the process is gone and collected it
  /// throws `invalidArgument`; kernels since 6.16 give out a descriptor of the process that was, with
  /// which nothing can be reached. Throws `protocolNotAvailable` on kernels before 6.5.
  public func processDescriptor() throws(Errno) -> Descriptor {
    let number = baton_peer_pidfd(socket.number)
    if number < 0 { throw Errno(rawValue: -number) }
    return Descriptor(adopting: FileDescriptor(rawValue: number))
  }

  /// The supplementary groups that the process had when the connection was made (SO_PEERGROUPS).
  public func supplementaryGroups() throws(Errno) -> [UInt32] {
    var groups = [UInt32](repeating: 0, count: 64)
    while true {
      let count = baton_peer_groups(socket.number, &groups, Int32(groups.count))
      if count >= 0 { return Array(groups.prefix(Int(count))) }
      if count != -ERANGE || groups.count >= 65_536 { throw Errno(rawValue: -count) }
      groups = [UInt32](repeating: 0, count: groups.count * 2)
    }
  }

  /// The process's label of a security module, such as SELinux's context, when the connection was
  /// made (SO_PEERSEC). Throws `protocolNotAvailable` where no module labels sockets.
  public func securityLabel() throws(Errno) -> String {
    var label = [UInt8](repeating: 0, count: 4096)
    let count = baton_peer_label(socket.number, &label, label.count)
    if count < 0 { throw Errno(rawValue: -count) }
    return String(decoding: label.prefix(Int(count)).prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The path of the program that the process runs now (`/proc/PID/exe`), read while a pidfd tells
  /// that it is still the same process. Who may write to that path, or replace what it runs, speaks
  /// for it: a check of the path alone is worth as much as the path's protection.
  public func executable() throws(Errno) -> FilePath {
    let process = try processDescriptor()
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/\(processID)/exe", &path, path.count)
    if count < 0 { throw Errno(rawValue: errno) }
    let hasEnded = process.withFileDescriptor { baton_wait($0.rawValue, false, 0) != 0 }
    if hasEnded { throw .noSuchProcess }
    return FilePath(
      String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }
}
