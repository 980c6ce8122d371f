internal import CBaton
import Glibc

/// Who may connect to a server, or call a method of it; or, for a client, who may be the server.
///
/// Policies are combined with `||` and `&&`: `.sameUser || .groups([44]) && .check("…") { … }`.
/// A caller that a server refuses gets PERMISSION_DENIED, when it connects as
/// ``ConnectionError/Kind/refused(_:)``, and stands in the server's log. A server that a client's
/// ``ConnectionOptions/serverPolicy`` does not allow is ``ConnectionError/Kind/untrusted``.
public struct AccessPolicy: Sendable {
  private let allows: @Sendable (PeerCredentials) -> Bool
  /// What the policy asks for: `user 0 or group 44`. For the log, and told to whom it refuses.
  public let requirement: String

  private init(
    _ requirement: String, _ allows: @escaping @Sendable (PeerCredentials) -> Bool
  ) {
    self.requirement = requirement
    self.allows = allows
  }

  /// Everybody who can reach the socket.
  public static let anyone = AccessPolicy("anyone") { _ in true }
  /// Whoever runs as the effective user that this process has when the policy is first used, which
  /// the defaults of ``ServerOptions`` do: a process that changes its user does so before.
  public static let sameUser = users([geteuid()])
  /// User 0.
  public static let root = users([0])

  /// Those whose effective user, when they connected, is one of `users`.
  public static func users(_ users: Set<UInt32>) -> AccessPolicy {
    AccessPolicy("user \(list(users))") { users.contains($0.userID) }
  }

  /// Those whose effective group, or one of whose supplementary groups (SO_PEERGROUPS), when they
  /// connected, is one of `groups`.
  public static func groups(_ groups: Set<UInt32>) -> AccessPolicy {
    AccessPolicy("group \(list(groups))") { peer in
      if groups.contains(peer.groupID) { return true }
      guard let supplementary = try? peer.supplementaryGroups() else { return false }
      return !groups.isDisjoint(with: supplementary)
    }
  }

  /// Those whom `allows` allows: by their process, its executable or security label. It is asked
  /// where the connection is made or accepted, for a method at each call, and should be quick. What
  /// it cannot find out it should refuse.
  public static func check(
    _ requirement: String, _ allows: @escaping @Sendable (PeerCredentials) -> Bool
  ) -> AccessPolicy {
    AccessPolicy(requirement, allows)
  }

  public static func || (one: AccessPolicy, other: AccessPolicy) -> AccessPolicy {
    // The default, for a server of root's, says the same twice.
    let isSame = one.requirement == other.requirement
    return AccessPolicy(
      isSame ? one.requirement : "\(one.requirement) or \(other.requirement)"
    ) { one.allows($0) || other.allows($0) }
  }

  public static func && (one: AccessPolicy, other: AccessPolicy) -> AccessPolicy {
    AccessPolicy("(\(one.requirement)) and (\(other.requirement))") { peer in
      one.allows(peer) && other.allows(peer)
    }
  }

  /// Why the peer is refused; nil when it is not.
  func refusal(of peer: PeerCredentials) -> RPCError? {
    if allows(peer) { return nil }
    return RPCError(
      .permissionDenied, "the server serves \(requirement), not user \(peer.userID)")
  }

  /// Why the peer may not call a method; nil when it may.
  func refusal(of peer: PeerCredentials, calling method: String) -> RPCError? {
    if allows(peer) { return nil }
    return RPCError(
      .permissionDenied, "\(method) is for \(requirement), not for user \(peer.userID)")
  }

  /// Why a client does not talk to the server at `name`; nil when it does.
  func refusal(ofServer peer: PeerCredentials, _ name: String) -> ConnectionError? {
    if allows(peer) { return nil }
    return ConnectionError(
      .untrusted, "expected a server at \(name) that is \(requirement), got user \(peer.userID)")
  }

  private static func list(_ numbers: Set<UInt32>) -> String {
    numbers.sorted().map(String.init).joined(separator: " or ")
  }
}
