import BatonMessages
import Logging

extension Logger {
  /// A connection's own: says which it is and who is at the other end.
  ///
  /// The connection is its socket's inode, as `ss -x` and `/proc/PID/fd` show it.
  func of(_ socket: PacketSocket, _ peer: PeerCredentials) -> Logger {
    var logger = self
    if let inode = socket.transport.identity?.inode {
      logger[metadataKey: "connection"] = "\(inode)"
    }
    logger[metadataKey: "pid"] = "\(peer.processID)"
    logger[metadataKey: "uid"] = "\(peer.userID)"
    return logger
  }

  /// Tells why a connection ended.
  func ended(_ error: ConnectionError) {
    if error.kind == .protocolViolation {
      warning("\(error)")
    } else {
      debug("connection ended", metadata: ["reason": "\(error)"])
    }
  }
}

extension Metadata {
  /// The trace that a call belongs to, by the W3C's header `traceparent`.
  var traceID: String? {
    guard let parts = self["traceparent"]?.split(separator: "-"), parts.count >= 4 else {
      return nil
    }
    return String(parts[1])
  }
}
