internal import CBaton

/// A message that knows its size and can be written anywhere, with its descriptors in the order of
/// their places.
public struct PackedMessage: ~Copyable {
  /// Bytes.
  public private(set) var size = 0
  /// What has been packed already, in the arena.
  private var packed: UnsafeMutablePointer<UInt8>?
  @usableFromInline let message: UnsafeMutableRawPointer
  @usableFromInline let context: UnsafeMutablePointer<WritingContext>

  /// An empty message, to be filled through ``fields`` and then finished. The layout must live as
  /// long as this: it is not held, as counting references costs as much as writing a small message.
  @inlinable
  init(_ layout: MessageLayout) {
    self.init(unheld: Unmanaged.passUnretained(layout))
  }

  @usableFromInline
  init(unheld layout: Unmanaged<MessageLayout>) {
    let (table, bound) = layout._withUnsafeGuaranteedRef { ($0.pointer, $0.bound) }
    guard let arena = baton_arena_borrow(.max),
      let memory = baton_arena_allocate(arena, MemoryLayout<WritingContext>.size),
      let message = baton_message_make(table, arena)
    else { WritingContext.outOfMemory() }
    context = memory.bindMemory(to: WritingContext.self, capacity: 1)
    context.initialize(to: WritingContext(arena: arena, bound: bound))
    self.message = message
  }

  @inlinable
  var fields: FieldWriter { FieldWriter(base: message, context: context, depth: 1) }

  /// Packs a small message, or finds the size of a large one.
  @usableFromInline
  mutating func finish() throws(CodecError) {
    let bound = context.pointee.bound
    if bound <= 8192, let room = baton_arena_allocate(context.pointee.arena, bound) {
      let start = room.bindMemory(to: UInt8.self, capacity: bound)
      packed = start
      size = baton_pack(message, start)
      return
    }
    size = baton_packed_size(message)
    if size > Int32.max { throw Self.tooLarge(size) }
  }

  @inline(never)
  private static func tooLarge(_ size: Int) -> CodecError {
    CodecError(
      .limit, "expected a message of at most \(Int32.max) bytes, as protobuf allows; got \(size)")
  }

  /// The descriptor at place 1 comes first.
  public var descriptors: [Descriptor] { context.pointee.descriptors }

  /// Writes exactly ``size`` bytes to `memory`.
  public func write(to memory: UnsafeMutableRawPointer) {
    if let packed {
      memory.copyMemory(from: packed, byteCount: size)
    } else {
      baton_pack(message, memory.assumingMemoryBound(to: UInt8.self))
    }
  }

  @usableFromInline
  consuming func encoded() throws(CodecError) -> EncodedMessage {
    try finish()
    return EncodedMessage(bytes: bytes(), descriptors: descriptors)
  }

  public func bytes() -> [UInt8] {
    if let packed { return Array(UnsafeBufferPointer(start: packed, count: size)) }
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      if let start = buffer.baseAddress { write(to: start) }
      count = size
    }
  }

  // Inlinable, because Swift 6.3.1 crashes when it inlines code that ends one otherwise.
  @inlinable
  deinit { free() }
  @usableFromInline
  func free() { context.pointee.end() }
}
