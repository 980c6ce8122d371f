internal import SystemPackage

extension DynamicMessage {
  /// What a generated message holds, as a value of the same message in a pool's schema: to print it
  /// as JSON, say. Its descriptors are duplicated (fcntl(2), F_DUPFD_CLOEXEC).
  public init<M: Message>(_ message: M, type: MessageType) throws(CodecError) {
    guard M.layout.name == type.name else {
      throw CodecError(.schema, "expected a \(type.name), got a \(M.layout.name)")
    }
    let encoded = try message.encoded()
    var descriptors: ReceivedDescriptors
    do {
      descriptors = try ReceivedDescriptors(duplicating: encoded.descriptors)
    } catch {
      throw CodecError(.descriptor, "a descriptor cannot be duplicated: \(error)")
    }
    try self.init(decoding: encoded.bytes, descriptors: &descriptors, type: type)
  }

  /// Reads a message without descriptors.
  public init(
    decoding bytes: [UInt8], type: MessageType, limits: CodecLimits = CodecLimits()
  ) throws(CodecError) {
    var none = ReceivedDescriptors()
    try self.init(decoding: bytes, descriptors: &none, type: type, limits: limits)
  }

  /// Reads a message; its fields claim their descriptors from `descriptors`. One that is left over
  /// is an error, unless the message carries unknown fields: a newer sender's field may own it.
  public init(
    decoding bytes: [UInt8], descriptors: inout ReceivedDescriptors, type: MessageType,
    limits: CodecLimits = CodecLimits()
  ) throws(CodecError) {
    try self.init(lent: bytes, count: bytes.count, &descriptors, type, limits)
  }

  private init(
    lent bytes: UnsafeRawPointer, count: Int,
    _ descriptors: UnsafeMutablePointer<ReceivedDescriptors>, _ type: MessageType,
    _ limits: CodecLimits
  ) throws(CodecError) {
    let bytes = LentMessage(UnsafeRawBufferPointer(start: bytes, count: count))
    let message = try UnpackedMessage(bytes, type.layout(), limits)
    var context = ReadingContext(descriptors, nil)
    try self.init(message, &context, type)
    try context.settle()
  }
  private init(
    _ message: borrowing UnpackedMessage, _ context: UnsafeMutablePointer<ReadingContext>,
    _ type: MessageType
  ) throws(CodecError) {
    var fields = FieldReader(base: message.base, context: context)
    try self.init(type, from: &fields)
  }

  /// The message's bytes, with its descriptors beside them; maps in the order of their keys. Throws
  /// when a descriptor breaks its field's contract.
  public func encoded() throws(CodecError) -> EncodedMessage {
    try packed { message in
      EncodedMessage(bytes: message.bytes(), descriptors: message.descriptors)
    }
  }

  /// Lends the message ready to be written to wherever its bytes shall go.
  public func packed<Result>(
    _ body: (borrowing PackedMessage) -> Result
  ) throws(CodecError) -> Result {
    var message = PackedMessage(try type.layout())
    var fields = message.fields
    try write(to: &fields)
    try message.finish()
    return body(message)
  }
}
