internal import CBaton

/// Fields to bytes: lets a message be filled in, then lends it ready to be written.
enum Packer {
  static func pack<Result>(
    layout: MessageLayout, _ fill: (inout FieldWriter) throws(CodecError) -> Void,
    _ body: (borrowing PackedMessage) -> Result
  ) throws(CodecError) -> Result {
    guard let arena = baton_arena_borrow(.max),
      let message = baton_message_make(layout.pointer, arena)
    else { fatalError("out of memory while encoding \(layout.name)") }
    defer { baton_arena_return(arena) }
    var context = FieldWriter.Context(arena: arena)
    try withUnsafeMutablePointer(to: &context) { context throws(CodecError) in
      var writer = FieldWriter(base: message, layout: layout, context: context)
      try fill(&writer)
    }
    return body(PackedMessage(message: message, descriptors: context.descriptors))
  }
}

/// A message that knows its size and can be written anywhere, with its descriptors in the order of
/// their places.
public struct PackedMessage: ~Copyable {
  private let message: UnsafeMutableRawPointer
  /// Bytes.
  public let size: Int
  public let descriptors: [Descriptor]

  init(message: UnsafeMutableRawPointer, descriptors: [Descriptor]) {
    self.message = message
    self.descriptors = descriptors
    size = baton_packed_size(message)
  }

  /// Writes exactly ``size`` bytes to `memory`.
  public func write(to memory: UnsafeMutableRawPointer) {
    baton_pack(message, memory.assumingMemoryBound(to: UInt8.self))
  }

  public func bytes() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      if let start = buffer.baseAddress { write(to: start) }
      count = size
    }
  }
}
