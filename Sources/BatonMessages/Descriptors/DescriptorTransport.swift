import Synchronization

/// The socket that descriptors come over, and how many of them were of no use.
@usableFromInline
package final class DescriptorTransport: Sendable {
  /// Nil where the socket's number is not open.
  package let identity: FileIdentity?
  private let unclaimed = Atomic(0)

  package init(_ identity: FileIdentity?) {
    self.identity = identity
  }

  /// Descriptors are closed that reach nobody.
  func closesUnclaimed(_ count: Int) {
    unclaimed.add(count, ordering: .relaxed)
  }

  /// How many were since this was last asked.
  package func takeUnclaimed() -> Int { unclaimed.exchange(0, ordering: .relaxed) }
}
