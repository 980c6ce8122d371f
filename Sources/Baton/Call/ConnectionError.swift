public import SystemPackage

/// Why there is no connection, or none any more.
public struct ConnectionError: Error, Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// The address cannot be used: malformed, too long, not a socket, already served.
    case address
    /// Nobody is there, or it may not be reached, or the command could not be started.
    case unreachable
    /// The connection ended, by either side.
    case closed
    /// A server's services cannot be served together.
    case services
    /// The peer did not keep to the specification of the wire.
    case protocolViolation
  }

  public var kind: Kind
  public var message: String
  /// What the kernel answered, where it was asked.
  public var errno: Errno?

  public init(_ kind: Kind, _ message: String, errno: Errno? = nil) {
    self.kind = kind
    self.message = message
    self.errno = errno
  }
}

extension ConnectionError: CustomStringConvertible {
  public var description: String {
    guard let errno else { return message }
    return "\(message): \(errno.description)"
  }
}
