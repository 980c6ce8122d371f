internal import CBaton

/// Bytes to fields: checks, unpacks with protobuf-c, hands the fields over, accounts for descriptors.
enum Unpacker {
  static func unpack<Value>(
    _ bytes: UnsafeRawBufferPointer, layout: MessageLayout,
    descriptors: inout ReceivedDescriptors, limits: CodecLimits,
    _ build: (inout FieldReader) throws(CodecError) -> Value
  ) throws(CodecError) -> Value {
    if bytes.count > limits.size {
      throw CodecError(
        .limit, "expected a message of at most \(limits.size) bytes, got \(bytes.count)")
    }
    guard let arena = baton_arena_borrow(limits.memory) else {
      throw CodecError(.limit, "out of memory")
    }
    defer { baton_arena_return(arena) }
    let message = try unpack(bytes, layout, limits, arena)
    let value = try withUnsafeMutablePointer(to: &descriptors) { table throws(CodecError) in
      var context = FieldReader.Context(descriptors: table, sawUnknown: false)
      return try withUnsafeMutablePointer(to: &context) { context throws(CodecError) in
        var reader = FieldReader(base: message, layout: layout, context: context)
        let value: Value
        do throws(CodecError) {
          value = try build(&reader)
        } catch {
          throw locate(error, in: bytes, layout)
        }
        try reader.settle()
        return value
      }
    }
    return value
  }

  private static func unpack(
    _ bytes: UnsafeRawBufferPointer, _ layout: MessageLayout, _ limits: CodecLimits,
    _ arena: UnsafeMutablePointer<baton_arena>
  ) throws(CodecError) -> UnsafeRawPointer {
    let bounds = baton_limits(
      memory: limits.memory, elements: limits.elements, depth: UInt32(clamping: limits.nesting))
    var error = baton_error()
    let message = baton_unpack(
      layout.pointer, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, bounds,
      arena, &error)
    guard let message else { throw CodecError(error, layout, limits) }
    return message
  }

  /// A string that is not UTF-8 is found while values are built; only then the bytes are read again
  /// for the place.
  private static func locate(
    _ error: CodecError, in bytes: UnsafeRawBufferPointer, _ layout: MessageLayout
  ) -> CodecError {
    guard error.kind == .invalidUTF8 else { return error }
    var found = baton_error()
    guard
      baton_find_bad_utf8(
        layout.pointer, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, &found)
    else { return error }
    var located = error
    located.offset = found.offset
    return located
  }
}

extension CodecError {
  fileprivate init(_ error: baton_error, _ layout: MessageLayout, _ limits: CodecLimits) {
    let (kind, message): (Kind, String) =
      switch error.fault {
      case BATON_TRUNCATED: (.malformed, "the message ends inside a field")
      case BATON_BAD_VARINT: (.malformed, "expected a varint of at most 10 bytes")
      case BATON_BAD_TAG: (.malformed, "expected a field's tag with a number from 1 to 536870911")
      case BATON_BAD_WIRE_TYPE: (.malformed, "expected wire type 0 to 5")
      case BATON_BAD_GROUP: (.malformed, "expected the end of the group that was begun")
      case BATON_BAD_PACKED: (.malformed, "the packed field does not end with a whole element")
      case BATON_TOO_DEEP: (.limit, "expected at most \(limits.nesting) levels of messages")
      case BATON_TOO_MANY: (.limit, "expected at most \(limits.elements) elements in the message")
      case BATON_BAD_UTF8: (.invalidUTF8, "expected UTF-8")
      default: (.limit, "the message needs more than \(limits.memory) bytes of memory")
      }
    self.init(
      kind, message, path: Self.path(error, layout), offset: Int(error.offset))
  }

  private static func path(_ error: baton_error, _ outermost: MessageLayout) -> String {
    var layout: MessageLayout? = outermost
    var parts: [String] = []
    withUnsafeBytes(of: error.path) { raw in
      let steps = raw.bindMemory(to: baton_path_step.self)
      for step in steps.prefix(Int(error.path_length)) {
        let field = layout?.fields.first { $0.number == step.number }
        let name = field?.name ?? "\(step.number)"
        parts.append(step.index < 0 ? name : "\(name)[\(step.index)]")
        if case .message(let next)? = field?.type { layout = next() } else { layout = nil }
      }
    }
    return parts.joined(separator: ".")
  }
}
