import BatonMessages

/// A loop's ``SpareBytes``, which it lets go of when nothing has used it for a second.
///
/// Sendable because its variables are touched on the loop's thread alone.
final class LoopSpare: @unchecked Sendable {
  let bytes = SpareBytes()
  @exclusivity(unchecked) private var wasUsed = false
  @exclusivity(unchecked) private var isWatched = false

  private static let patience: UInt64 = 1_000_000_000

  /// A very long field has been received, and maybe kept.
  func used(on loop: EventLoop) {
    wasUsed = true
    if !isWatched && !bytes.isEmpty { watch(loop) }
  }

  private func watch(_ loop: EventLoop) {
    isWatched = true
    wasUsed = false
    _ = loop.schedule(at: LoopClock.now &+ Self.patience) { [weak loop] in
      if self.wasUsed, let loop { return self.watch(loop) }
      self.isWatched = false
      self.bytes.drop()
    }
  }
}
