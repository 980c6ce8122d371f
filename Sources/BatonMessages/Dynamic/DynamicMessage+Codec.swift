extension DynamicMessage {
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
    var message = try UnpackedMessage(
      UnsafeRawBufferPointer(start: bytes, count: count), layout: type.layout(), limits: limits,
      descriptors: descriptors)
    try self.init(type, from: &message.fields)
    try message.settle()
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
