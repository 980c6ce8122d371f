internal import CBaton

/// What the writers of one message and of those inside it share: its memory and its descriptors.
@usableFromInline
struct WritingContext {
  let arena: UnsafeMutablePointer<baton_arena>
  /// At least the bytes that the message packs to.
  private(set) var bound: Int
  /// Released by ``end()``. Counted by hand, as this lies in the arena's memory.
  private var holdings: Unmanaged<Holdings>?

  /// What must live until the message has left; few messages need it.
  private final class Holdings {
    var descriptors: [Descriptor] = []
    var arrays: [[UInt8]] = []
    var strings: [String] = []
  }

  /// Bytes from this size on are kept where they are.
  private static let large = 1024

  init(arena: UnsafeMutablePointer<baton_arena>, bound: Int) {
    self.arena = arena
    self.bound = bound
  }

  /// Where bytes begin that are not copied, of those that are at least `size` long.
  func lentStarts(atLeast size: Int) -> [UnsafeRawPointer?] {
    guard let holdings = holdings?.takeUnretainedValue() else { return [] }
    let arrays = holdings.arrays.lazy.filter { $0.count >= size }.map { array in
      array.withUnsafeBytes { $0.baseAddress }
    }
    return arrays
      + holdings.strings.lazy.filter { $0.utf8.count >= size }.map { string in
        var string = string
        return string.withUTF8 { UnsafeRawPointer($0.baseAddress) }
      }
  }

  /// Keeps the bytes that are not copied.
  var keeper: AnyObject? { holdings?.takeUnretainedValue() }

  var descriptors: [Descriptor] { holdings?.takeUnretainedValue().descriptors ?? [] }

  /// Gives back everything, itself included.
  func end() {
    holdings?.release()
    baton_arena_return(arena)
  }

  /// The descriptor's place.
  mutating func add(_ descriptor: Descriptor) -> UInt32 {
    let holdings = hold()
    holdings.descriptors.append(descriptor)
    return UInt32(holdings.descriptors.count)
  }
  /// The place of the first; the others follow it. Alone they are held as they are, not copied.
  mutating func add(_ descriptors: [Descriptor]) -> UInt32 {
    let holdings = hold()
    let first = UInt32(holdings.descriptors.count) + 1
    if first == 1 {
      holdings.descriptors = descriptors
    } else {
      holdings.descriptors += descriptors
    }
    return first
  }
  private mutating func hold() -> Holdings {
    if let holdings { return holdings.takeUnretainedValue() }
    let made = Holdings()
    holdings = .passRetained(made)
    return made
  }

  /// Another message, empty, inside the outermost.
  mutating func make(_ layout: MessageLayout) -> UnsafeMutableRawPointer {
    bound += layout.bound
    guard let message = baton_message_make(layout.pointer, arena) else { Self.outOfMemory() }
    return message
  }

  @usableFromInline
  mutating func room(_ count: Int, _ size: Int) -> UnsafeMutableRawPointer {
    bound += count * 15  // the longest tag, and the longest number or length
    guard let memory = baton_arena_allocate(arena, count * size) else { Self.outOfMemory() }
    return memory
  }

  /// The bytes as they are to be packed. An array's storage stays where it is as long as a
  /// reference to it is held and it is not changed, so a large one is held instead of copied.
  @usableFromInline
  mutating func keep(_ array: [UInt8]) -> LentBytes {
    if array.count < Self.large { return array.withUnsafeBufferPointer { copy($0) } }
    hold().arrays.append(array)
    return array.withUnsafeBufferPointer { lend($0) }
  }
  /// As for an array; a string whose UTF-8 is not contiguous is copied first.
  @usableFromInline
  mutating func keep(_ string: String) -> LentBytes {
    if string.utf8.count < Self.large,
      let copied = string.utf8.withContiguousStorageIfAvailable({ copy($0) })
    {
      return copied
    }
    var string = string
    string.makeContiguousUTF8()
    hold().strings.append(string)
    return string.withUTF8 { lend($0) }
  }
  private mutating func lend(_ source: UnsafeBufferPointer<UInt8>) -> LentBytes {
    bound += source.count
    return LentBytes(count: source.count, start: source.baseAddress)
  }
  private mutating func copy(_ source: UnsafeBufferPointer<UInt8>) -> LentBytes {
    bound += source.count
    guard let memory = baton_arena_allocate(arena, source.count) else { Self.outOfMemory() }
    // Where there is nothing to copy, the address is still one: protobuf-c hands it to memcpy.
    if let start = source.baseAddress {
      memory.copyMemory(from: start, byteCount: source.count)
    }
    return LentBytes(
      count: source.count, start: UnsafePointer(memory.assumingMemoryBound(to: UInt8.self)))
  }

  /// The arena for writing has no limit but the process's own memory, and Swift's allocations end
  /// the process too when that is used up.
  static func outOfMemory() -> Never { fatalError("out of memory while encoding a message") }
}
