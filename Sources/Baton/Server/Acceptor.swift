internal import CBaton
import Glibc
import Logging
import Synchronization
import SystemPackage

/// Accepts connections on a loop.
final class Acceptor: LoopSource {
  private let listener: Listener
  private let loop: EventLoop
  private let logger: Logger
  private let adopt: @Sendable (PacketSocket) -> Void
  /// Given up for a moment when the process has no number left, to turn one client away.
  private let spare: Mutex<Int32>

  /// Clients that are accepted in one turn of the loop: they may come faster than they are accepted.
  private static let turn = 8
  /// How long to wait before accepting again.
  private static let pause: UInt64 = 100_000_000

  init(
    _ listener: Listener, loop: EventLoop, logger: Logger,
    adopt: @escaping @Sendable (PacketSocket) -> Void
  ) {
    self.listener = listener
    self.loop = loop
    self.logger = logger
    self.adopt = adopt
    spare = Mutex(baton_eventfd())
  }

  deinit {
    let number = spare.withLock { $0 }
    if number >= 0 { baton_close(number) }
  }

  /// On the loop's thread.
  func start() throws(Errno) {
    try loop.add(self, listener.number)
  }

  /// Closes the listener, too, so that clients go elsewhere and another server can take its place.
  func stop() {
    loop.execute {
      self.loop.remove(self, self.listener.number)
      self.listener.close()
    }
  }

  func readable() {
    for _ in 0..<Self.turn {
      let number = baton_accept(listener.number)
      if number >= 0 {
        adopt(PacketSocket(adopting: number))
        continue
      }
      switch -number {
      case EAGAIN: return
      // The client left before it was accepted.
      case ECONNABORTED: continue
      default: return turnAway(Errno(rawValue: -number))
      }
    }
  }

  /// No number is left, or the kernel has another reason, which may last: closes one waiting client
  /// where it can, instead of spinning on it, then pauses.
  private func turnAway(_ errno: Errno) {
    logger.error("not accepting for a moment at \(listener.address): \(errno)")
    spare.withLock { spare in
      if spare >= 0 { baton_close(spare) }
      let client = baton_accept(listener.number)
      if client >= 0 { baton_close(client) }
      spare = baton_eventfd()
    }
    loop.change(self, listener.number, readable: false, writable: false)
    _ = loop.schedule(at: LoopClock.now + Self.pause) { [weak self] in
      guard let self else { return }
      loop.change(self, listener.number, readable: true, writable: false)
    }
  }

  func loopEnded() {}
}
