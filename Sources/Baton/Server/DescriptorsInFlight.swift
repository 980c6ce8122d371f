import BatonMessages
import Synchronization

/// The descriptors that came with the calls in flight on one connection, within its own bound and the
/// one that all connections share. Touched on the loop's thread alone.
struct DescriptorsInFlight {
  private var count = 0
  private let most: Int
  private let budget: DescriptorBudget

  init(most: Int, within budget: DescriptorBudget) {
    self.most = most
    self.budget = budget
  }

  /// Why a message's descriptors are not taken; nil when they are, and are counted.
  mutating func admit(_ added: Int) -> RPCError? {
    if added == 0 { return nil }
    if count + added > most {
      return RPCError(
        .resourceExhausted,
        "expected at most \(most) descriptors in the calls in flight on a connection")
    }
    guard budget.take(added) else {
      return RPCError(
        .resourceExhausted,
        "expected at most \(budget.most) descriptors in all calls in flight")
    }
    count += added
    return nil
  }

  mutating func release(_ done: Int) {
    if done == 0 { return }
    count -= done
    budget.giveBack(done)
  }
}

/// A bound on descriptors that several connections share.
final class DescriptorBudget: Sendable {
  let most: Int
  private let used = Atomic(0)

  init(_ most: Int) {
    self.most = most
  }

  /// Whether there was room for `count` more, which then are counted.
  func take(_ count: Int) -> Bool {
    if used.add(count, ordering: .relaxed).newValue <= most { return true }
    giveBack(count)
    return false
  }

  func giveBack(_ count: Int) {
    used.subtract(count, ordering: .relaxed)
  }
}
