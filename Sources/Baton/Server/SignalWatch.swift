internal import CBaton
import Glibc
import Synchronization
import SystemPackage

/// Signals that end a server instead of its process.
public struct ServerSignal: RawRepresentable, Sendable, Hashable {
  /// The signal's number (signal(7)).
  public var rawValue: Int32

  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// SIGTERM, with which service managers end a process.
  public static let terminate = ServerSignal(rawValue: SIGTERM)
  /// SIGINT, which Ctrl-C sends.
  public static let interrupt = ServerSignal(rawValue: SIGINT)
}

/// Waits on a loop for the first of some signals. From then on each does what it did before, so that
/// a second one ends a process that does not end by itself.
///
/// Not a signalfd(2), for which every thread of the process, those that others made too, would have to
/// block the signals: a handler writes to an eventfd.
final class SignalWatch: LoopSource {
  private let number: Int32
  private let signals: [ServerSignal]
  private let arrived: @Sendable () -> Void
  private let isOver = Mutex(false)

  /// Throws where somebody else in this process waits for one of the signals.
  init(
    _ signals: [ServerSignal], _ arrived: @escaping @Sendable () -> Void
  ) throws(ConnectionError) {
    number = baton_eventfd()
    self.signals = signals
    self.arrived = arrived
    if number < 0 {
      throw ConnectionError(.address, "eventfd", errno: Errno(rawValue: -number))
    }
    for (index, signal) in signals.enumerated() {
      let result = baton_watch_signal(signal.rawValue, number)
      if result == 0 { continue }
      for earlier in signals[..<index] { baton_unwatch_signal(earlier.rawValue) }
      isOver.withLock { $0 = true }
      throw ConnectionError(
        .address, "cannot wait for signal \(signal.rawValue)", errno: Errno(rawValue: -result))
    }
  }

  deinit {
    end()
    if number >= 0 { baton_close(number) }
  }

  /// On the loop's thread.
  func start(on loop: EventLoop) throws(Errno) {
    for signal in signals { baton_unblock_signal(signal.rawValue) }
    try loop.add(self, number)
  }

  /// Lets the signals do what they did before. On any thread.
  func end() {
    let wasOver = isOver.withLock { isOver in
      defer { isOver = true }
      return isOver
    }
    if wasOver { return }
    for signal in signals { baton_unwatch_signal(signal.rawValue) }
  }

  func readable() {
    baton_eventfd_clear(number)
    end()
    arrived()
  }

  func loopEnded() { end() }
}
