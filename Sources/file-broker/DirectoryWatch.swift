import BatonMessages
@preconcurrency import Dispatch
import Glibc
import SystemPackage

/// What changes in one directory (inotify(7)).
struct DirectoryWatch {
  enum Change: Sendable {
    case entry(WatchEvent.Kind, String)
    /// The kernel had no room for some.
    case lost
  }

  /// What was read at once, until the directory is gone or the watch is ended. Nothing is read
  /// between one and ``goOn()``, so that what is not taken stays with the kernel, which bounds it.
  let changes: AsyncStream<[Change]>
  private let source: any DispatchSourceRead

  /// `directory` may be open for its name alone.
  init(_ directory: Descriptor) throws(Errno) {
    let number = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
    if number < 0 { throw Errno(rawValue: errno) }
    let mask =
      IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF
    let watch = directory.withFileDescriptor {
      inotify_add_watch(number, "/proc/self/fd/\($0.rawValue)", UInt32(mask))
    }
    if watch < 0 {
      let error = Errno(rawValue: errno)
      close(number)
      throw error
    }
    let (changes, arrived) = AsyncStream<[Change]>.makeStream()
    let source = DispatchSource.makeReadSource(fileDescriptor: number, queue: .global())
    source.setEventHandler {
      source.suspend()
      let (read, isOver) = Self.read(number)
      if !read.isEmpty || !isOver { arrived.yield(read) }
      if isOver { arrived.finish() }
    }
    source.setCancelHandler { close(number) }
    arrived.onTermination = { _ in source.cancel() }
    source.activate()
    self.changes = changes
    self.source = source
  }

  /// What was read has been dealt with.
  func goOn() { source.resume() }

  /// Stops watching. A source must not be suspended when it is let go.
  func end() {
    source.cancel()
    source.resume()
  }

  /// What is there to read, and whether nothing more will be.
  private static func read(_ number: Int32) -> ([Change], isOver: Bool) {
    var changes: [Change] = []
    var isOver = false
    withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 8) { buffer in
      let size = Glibc.read(number, buffer.baseAddress, buffer.count)
      var at = 0
      while at + MemoryLayout<inotify_event>.size <= size {
        let event = buffer.load(fromByteOffset: at, as: inotify_event.self)
        let name = buffer[(at + MemoryLayout<inotify_event>.size)...].prefix(Int(event.len))
        at += MemoryLayout<inotify_event>.size + Int(event.len)
        let mask = Int(event.mask)
        if mask & Int(IN_Q_OVERFLOW) != 0 { changes.append(.lost) }
        if mask & (Int(IN_DELETE_SELF) | Int(IN_IGNORED)) != 0 { isOver = true }
        if event.len == 0 { continue }
        let kind: WatchEvent.Kind =
          mask & (Int(IN_DELETE) | Int(IN_MOVED_FROM)) != 0
          ? .removed : mask & Int(IN_CLOSE_WRITE) != 0 ? .changed : .created
        changes.append(.entry(kind, String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)))
      }
    }
    return (changes, isOver)
  }
}
