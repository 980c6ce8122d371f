import BatonMessages
import SystemPackage

/// The sockets that servers of this machine listen on.
package enum UnixSockets {
  /// The paths, and the abstract names with their `@`, of listening SOCK_SEQPACKET sockets, from
  /// `/proc/net/unix` (proc_net(5)). Empty where it cannot be read.
  static func listening() -> [String] {
    guard let file = try? Descriptor.open("/proc/net/unix"),
      let table = try? file.readToEnd(limit: 1 << 24)
    else { return [] }
    return listening(in: String(decoding: table, as: UTF8.self))
  }

  /// The columns are address, references, protocol, flags, type, state, inode and path.
  package static func listening(in table: String) -> [String] {
    let isListening = "00010000"
    let isSequencedPacket = "0005"
    var paths: Set<String> = []
    for line in table.split(separator: "\n").dropFirst() {
      let columns = line.split(separator: " ", maxSplits: 7)
      guard columns.count == 8, columns[3] == isListening, columns[4] == isSequencedPacket else {
        continue
      }
      paths.insert(String(columns[7]))
    }
    return paths.sorted()
  }
}
