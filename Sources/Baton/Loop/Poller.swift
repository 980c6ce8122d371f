internal import CBaton
internal import SystemPackage

/// An epoll instance with an eventfd to wake it, and the sources it watches. All but ``wake()`` is
/// for the loop's thread.
final class Poller {
  private let epoll: Int32
  private let waker: Int32
  private var sources: [ObjectIdentifier: any LoopSource] = [:]
  /// Removed during a round of events, some of which may still name them.
  private var removed: [any LoopSource] = []
  private var isEnded = false
  private let events = UnsafeMutableBufferPointer<baton_event>.allocate(
    capacity: Int(BATON_EVENTS))

  init() throws(Errno) {
    epoll = baton_epoll()
    if epoll < 0 { throw Errno(rawValue: -epoll) }
    waker = baton_eventfd()
    if waker < 0 {
      baton_close(epoll)
      throw Errno(rawValue: -waker)
    }
    baton_epoll_add(epoll, waker, nil, false)
  }

  deinit {
    baton_close(waker)
    baton_close(epoll)
    events.deallocate()
  }

  /// From any thread.
  func wake() {
    baton_eventfd_signal(waker)
  }

  /// Throws `canceled` when the loop has ended.
  func add(_ source: any LoopSource, _ number: Int32) throws(Errno) {
    if isEnded { throw .canceled }
    let result = baton_epoll_add(epoll, number, Self.pointer(to: source), false)
    if result < 0 { throw Errno(rawValue: -result) }
    sources[ObjectIdentifier(source)] = source
  }

  func change(_ source: any LoopSource, _ number: Int32, readable: Bool, writable: Bool) {
    guard sources[ObjectIdentifier(source)] != nil else { return }
    baton_epoll_change(epoll, number, Self.pointer(to: source), readable, writable)
  }

  func remove(_ source: any LoopSource, _ number: Int32) {
    guard let kept = sources.removeValue(forKey: ObjectIdentifier(source)) else { return }
    baton_epoll_remove(epoll, number)
    removed.append(kept)
  }

  /// The loop ends: so do its sources.
  func endAll() {
    isEnded = true
    for source in Array(sources.values) { source.loopEnded() }
    removed.removeAll()
  }

  /// Waits for events and hands them to their sources. nil waits for ever. How many there were.
  func dispatch(waiting nanoseconds: Int64?, awake: () -> Void = {}) -> Int {
    let count = baton_epoll_wait(epoll, events.baseAddress, nanoseconds ?? -1)
    awake()
    for event in events.prefix(Int(max(count, 0))) {
      guard let pointer = event.source else {
        baton_eventfd_clear(waker)
        continue
      }
      // Sources are kept by `sources`, or by `removed` until the round is over.
      let source = Unmanaged<AnyObject>.fromOpaque(pointer).takeUnretainedValue()
      guard let source = sources[ObjectIdentifier(source)] else { continue }
      if event.readable { source.readable() }
      if event.writable { source.writable() }
    }
    removed.removeAll()
    return Int(max(count, 0))
  }

  private static func pointer(to source: any LoopSource) -> UnsafeMutableRawPointer {
    Unmanaged<AnyObject>.passUnretained(source as AnyObject).toOpaque()
  }
}
