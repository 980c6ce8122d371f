import BatonMessages
public import SystemPackage

/// Why there is no connection, or none any more.
public struct ConnectionError: Error, Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// The address cannot be used: malformed, too long, not a socket, already served.
    case address
    /// Nobody is there, or it may not be reached, or the command could not be started.
    case unreachable
    /// The server does not serve this client: PERMISSION_DENIED, or RESOURCE_EXHAUSTED.
    case refused(RPCError.Code)
    /// The server is not one of those that this client's policy allows.
    case untrusted
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

extension ConnectionError {
  /// Why there is no connection to a child, which ended instead of answering.
  func explained(by ending: String, _ name: String) -> ConnectionError {
    kind == .unreachable || kind == .closed
      ? ConnectionError(.unreachable, "\(name.shortened) did not answer: it \(ending)") : self
  }

  /// Why there is no connection to a peer that was reached.
  func notAnswered(by name: String) -> ConnectionError {
    switch kind {
    case .refused: ConnectionError(kind, "\(name.shortened) refused the connection: \(message)")
    case .protocolViolation:
      ConnectionError(kind, "\(name.shortened) did not answer: \(message)", errno: errno)
    default:
      ConnectionError(.unreachable, "\(name.shortened) did not answer: \(message)", errno: errno)
    }
  }
}
