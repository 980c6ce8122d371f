public import BatonMessages

/// Where a call leaves the reply that it has read.
///
/// Sendable because it is filled before anybody else knows of it. For the same reason accesses are not
/// checked for overlapping while running.
@usableFromInline
final class ReplyBox<Reply: Message>: @unchecked Sendable {
  @exclusivity(unchecked) @usableFromInline var value: Reply?

  @inlinable
  init() {}
}
