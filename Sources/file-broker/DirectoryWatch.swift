import BatonMessages
import Glibc
import SystemPackage

/// What changes in one directory (inotify(7)). What is not read stays with the kernel, which bounds
/// it.
struct DirectoryWatch {
  enum Change {
    case entry(WatchEvent.Kind, String)
    /// The kernel had no room for some.
    case lost
    /// The directory is not where it was, and nothing more comes.
    case over
  }

  /// Can be read when something has changed.
  let queue: Descriptor

  private static let mask =
    IN_CREATE | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF
    | IN_MOVE_SELF

  /// `directory` may be open for its name alone. It is not kept: one that is open is not told to be
  /// removed.
  init(_ directory: Descriptor) throws(Errno) {
    let number = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
    if number < 0 { throw Errno(rawValue: errno) }
    queue = Descriptor(adopting: FileDescriptor(rawValue: number))
    let watch = directory.withFileDescriptor {
      inotify_add_watch(number, "/proc/self/fd/\($0.rawValue)", UInt32(Self.mask))
    }
    if watch < 0 { throw Errno(rawValue: errno) }
  }

  /// Some of what has changed, in its order; nothing where nothing has.
  func read() throws(Errno) -> [Change] {
    var result: Result<[Change], Errno> = .success([])
    withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 8) { buffer in
      do throws(Errno) {
        let size = try queue.read(into: buffer)
        result = .success(Self.changes(UnsafeRawBufferPointer(rebasing: buffer[..<size])))
      } catch {
        if error != .resourceTemporarilyUnavailable { result = .failure(error) }
      }
    }
    return try result.get()
  }

  private static func changes(_ events: UnsafeRawBufferPointer) -> [Change] {
    var changes: [Change] = []
    var rest = events[...]
    while !rest.isEmpty {
      let head = UnsafeRawBufferPointer(rebasing: rest).loadUnaligned(as: inotify_event.self)
      let name = rest.dropFirst(MemoryLayout<inotify_event>.size).prefix(Int(head.len))
      rest = rest[name.endIndex...]
      if let change = change(Int(head.mask), name) { changes.append(change) }
    }
    return changes
  }

  /// The name is filled up with zeros.
  private static func change(_ mask: Int, _ name: Slice<UnsafeRawBufferPointer>) -> Change? {
    if mask & Int(IN_Q_OVERFLOW) != 0 { return .lost }
    let isOver = Int(IN_DELETE_SELF) | Int(IN_MOVE_SELF) | Int(IN_IGNORED)
    if mask & isOver != 0 { return .over }
    let kinds: [(Int, WatchEvent.Kind)] = [
      (Int(IN_CREATE), .created), (Int(IN_CLOSE_WRITE), .changed), (Int(IN_DELETE), .removed),
      (Int(IN_MOVED_TO), .movedIn), (Int(IN_MOVED_FROM), .movedOut),
    ]
    let kind = kinds.first { mask & $0.0 != 0 }?.1
    return kind.map { .entry($0, String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)) }
  }
}
