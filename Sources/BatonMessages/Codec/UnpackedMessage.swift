internal import CBaton

/// A message that was read, and the memory it lies in.
@usableFromInline
struct UnpackedMessage: ~Copyable {
  @usableFromInline let base: UnsafeRawPointer
  @usableFromInline let apart: Unmanaged<FieldApart>?
  private let arena: UnsafeMutablePointer<baton_arena>

  /// Reads `lent`, which must stay as it is while this lives. The layout must live as long, as it is
  /// not held.
  @inlinable
  init(
    _ lent: LentMessage, _ layout: MessageLayout, _ limits: CodecLimits
  ) throws(CodecError) {
    try self.init(lent, unheld: Unmanaged.passUnretained(layout), limits)
  }

  @usableFromInline
  init(
    _ lent: LentMessage, unheld layout: Unmanaged<MessageLayout>, _ limits: CodecLimits
  ) throws(CodecError) {
    if lent.count > limits.size { throw Self.tooLarge(lent.count, limits) }
    guard let arena = baton_arena_borrow(max(limits.memory, 0)) else { throw Self.outOfMemory() }
    let bounds = baton_limits(
      elements: max(limits.elements, 0), depth: UInt32(clamping: limits.nesting))
    var error = baton_error()
    let bytes = lent.bytes
    let message = lent.withApart { apart in
      baton_unpack(
        layout._withUnsafeGuaranteedRef { $0.pointer },
        bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, apart, bounds,
        arena, &error)
    }
    guard let message else {
      let refused = CodecError(error, layout.takeUnretainedValue(), limits)
      baton_arena_return(arena)
      throw refused
    }
    self.arena = arena
    apart = lent.apart
    base = message
  }

  // Errors are made apart, out of the way of what is read.
  @inline(never)
  private static func tooLarge(_ size: Int, _ limits: CodecLimits) -> CodecError {
    CodecError(.limit, "expected a message of at most \(limits.size) bytes, got \(size)")
  }

  @inline(never)
  private static func outOfMemory() -> CodecError { CodecError(.limit, "out of memory") }

  // Inlinable, because Swift 6.3.1 crashes when it inlines code that ends one otherwise.
  @inlinable
  deinit { free() }
  @usableFromInline
  func free() { baton_arena_return(arena) }
}

extension CodecError {
  @inline(never)
  fileprivate init(_ error: baton_error, _ layout: MessageLayout, _ limits: CodecLimits) {
    let (kind, message): (Kind, String) =
      switch error.fault {
      case BATON_TRUNCATED: (.malformed, "the message ends inside the field")
      case BATON_BAD_VARINT: (.malformed, "expected a varint of at most 10 bytes")
      case BATON_BAD_TAG: (.malformed, "expected a tag with a field number from 1 to 536870911")
      case BATON_BAD_WIRE_TYPE: (.malformed, "expected a wire type from 0 to 5")
      case BATON_BAD_LENGTH: (.malformed, "expected a length of at most 2147483647")
      case BATON_BAD_GROUP: (.malformed, "expected the end of the group that was begun")
      case BATON_BAD_PACKED: (.malformed, "the packed field does not end with a whole element")
      case BATON_BAD_UTF8: (.invalidUTF8, "expected UTF-8")
      case BATON_TOO_DEEP: (.limit, "expected at most \(limits.nesting) levels of messages")
      case BATON_TOO_MANY: (.limit, "expected at most \(limits.elements) elements in the message")
      default: (.limit, "the message needs more than \(limits.memory) bytes of memory")
      }
    self.init(kind, message, path: Self.path(error, layout), offset: error.offset)
  }

  private static func path(_ error: baton_error, _ outermost: MessageLayout) -> String {
    var layout: MessageLayout? = outermost
    var parts: [String] = []
    for step in UnsafeBufferPointer(start: error.path, count: error.path_length).reversed() {
      let field = layout?.fields.first { $0.number == step.number }
      let name = field?.name ?? "\(step.number)"
      parts.append(step.index < 0 ? name : "\(name)[\(step.index)]")
      if case .message(let next)? = field?.type { layout = next() } else { layout = nil }
    }
    return parts.joined(separator: ".")
  }
}
