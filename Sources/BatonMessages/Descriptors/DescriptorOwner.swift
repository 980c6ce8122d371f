internal import CBaton
import Synchronization
internal import SystemPackage

/// One open descriptor number, closed with the last reference (close(2)).
final class DescriptorOwner: Sendable {
  private let current: Atomic<Int32>
  /// Whether its closing may take as long as a peer likes.
  private let mayLinger: Atomic<Bool>

  init(_ number: Int32) {
    current = Atomic(number)
    mayLinger = Atomic(false)
  }

  /// One that came from a peer, who must not make its closing take long.
  init(received number: Int32) {
    current = Atomic(number)
    mayLinger = Atomic(true)
  }

  /// It turned out to be no socket.
  func neverLingers() { mayLinger.store(false, ordering: .relaxed) }

  /// The open number. -1 after ``release()``, which only the sole owner may call.
  var number: Int32 { current.load(ordering: .relaxed) }

  /// Gives the number up: this owner closes nothing any more.
  func release() -> Int32 { current.exchange(-1, ordering: .relaxed) }

  deinit {
    let number = current.load(ordering: .relaxed)
    if number < 0 { return }
    if mayLinger.load(ordering: .relaxed) {
      baton_close_received(number)
    } else {
      baton_close(number)
    }
  }

  /// fcntl(2), F_DUPFD_CLOEXEC.
  static func duplicate(_ number: Int32) throws(Errno) -> Int32 {
    try SystemCall.result(baton_duplicate(number))
  }
}
