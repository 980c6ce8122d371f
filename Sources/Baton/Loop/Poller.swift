internal import CBaton
internal import SystemPackage

/// An epoll instance with an eventfd to wake it, and the sources it watches. All but ``wake()`` is
/// for the loop's thread.
final class Poller {
  private let epoll: Int32
  private let waker: Int32
  private var watches: [ObjectIdentifier: Watch] = [:]
  /// Removed during a round of events, some of which may still name them.
  @exclusivity(unchecked) private var removed: [Watch] = []
  private var isEnded = false
  private let events = UnsafeMutableBufferPointer<baton_event>.allocate(
    capacity: Int(BATON_EVENTS))

  /// What epoll names in its events.
  private final class Watch {
    let source: any LoopSource
    @exclusivity(unchecked) var isRemoved = false

    init(_ source: any LoopSource) { self.source = source }

    var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }
  }

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
    let watch = Watch(source)
    let result = baton_epoll_add(epoll, number, watch.pointer, false)
    if result < 0 { throw Errno(rawValue: -result) }
    watches[ObjectIdentifier(source)] = watch
  }

  func change(_ source: any LoopSource, _ number: Int32, readable: Bool, writable: Bool) {
    guard let watch = watches[ObjectIdentifier(source)] else { return }
    baton_epoll_change(epoll, number, watch.pointer, readable, writable)
  }

  func remove(_ source: any LoopSource, _ number: Int32) {
    guard let watch = watches.removeValue(forKey: ObjectIdentifier(source)) else { return }
    baton_epoll_remove(epoll, number)
    watch.isRemoved = true
    removed.append(watch)
  }

  /// The loop ends: so do its sources.
  func endAll() {
    isEnded = true
    for watch in Array(watches.values) { watch.source.loopEnded() }
    removed.removeAll()
  }

  /// Waits for events and hands them to their sources. nil waits for ever. How many there were.
  func dispatch(waiting nanoseconds: Int64?, awake: () -> Void = {}) -> Int {
    let count = baton_epoll_wait(epoll, events.baseAddress, nanoseconds ?? -1)
    awake()
    for index in 0..<Int(max(count, 0)) {
      let event = events[index]
      guard let pointer = event.source else {
        baton_eventfd_clear(waker)
        continue
      }
      // Kept by `watches`, or by `removed` until the round is over.
      Unmanaged<Watch>.fromOpaque(pointer)._withUnsafeGuaranteedRef { watch in
        if event.readable && !watch.isRemoved { watch.source.readable() }
        if event.writable && !watch.isRemoved { watch.source.writable() }
      }
    }
    if !removed.isEmpty { removed.removeAll() }
    return Int(max(count, 0))
  }
}
