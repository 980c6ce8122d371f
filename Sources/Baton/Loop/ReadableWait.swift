public import BatonMessages
import Synchronization
public import SystemPackage

extension EventLoop {
  /// Waits, while the loop does other things, until there is something to read from `descriptor`, or
  /// it is at its end (epoll(7), EPOLLIN). What can always be read, such as a file, is so at once.
  ///
  /// Throws `canceled` when the caller's task is cancelled or the loop ends, and why the kernel does
  /// not watch it otherwise.
  nonisolated(nonsending) public func untilReadable(
    _ descriptor: Descriptor
  ) async throws(Errno) {
    let wait = ReadableWait(try descriptor.duplicate(), on: self)
    let error: Errno? = await withTaskCancellationHandler {
      await withUnsafeContinuation { wait.begin($0) }
    } onCancel: {
      wait.end(.canceled)
    }
    if let error { throw error }
  }
}

/// One wait for one descriptor. A number of its own lets several wait for the same thing, and stays
/// open until the loop has let go of it.
private final class ReadableWait: LoopSource {
  private let descriptor: Descriptor
  private let loop: EventLoop
  private let state = Mutex(State.new)

  private enum State {
    case new
    case waiting(UnsafeContinuation<Errno?, Never>)
    case ended(Errno?)
  }

  init(_ descriptor: Descriptor, on loop: EventLoop) {
    self.descriptor = descriptor
    self.loop = loop
  }

  func begin(_ waiter: UnsafeContinuation<Errno?, Never>) {
    let end: Errno?? = state.withLock { state in
      if case .ended(let error) = state { return .some(error) }
      state = .waiting(waiter)
      return nil
    }
    if let end { return waiter.resume(returning: end) }
    loop.execute { self.watch() }
  }

  private func watch() {
    let hasEnded = state.withLock { state in
      if case .ended = state { true } else { false }
    }
    if hasEnded { return }
    do throws(Errno) {
      try descriptor.withFileDescriptor { (number) throws(Errno) in
        try loop.add(self, number.rawValue)
      }
    } catch {
      // A regular file or a directory: epoll_ctl(2) refuses what never waits.
      end(error == .notPermitted ? nil : error)
    }
  }

  /// On any thread. Only the first end counts.
  func end(_ error: Errno?) {
    let waiter = state.withLock { state -> UnsafeContinuation<Errno?, Never>? in
      if case .ended = state { return nil }
      defer { state = .ended(error) }
      if case .waiting(let waiter) = state { return waiter }
      return nil
    }
    guard let waiter else { return }
    loop.execute { self.descriptor.withFileDescriptor { self.loop.remove(self, $0.rawValue) } }
    waiter.resume(returning: error)
  }

  func readable() { end(nil) }
  func loopEnded() { end(.canceled) }
}
