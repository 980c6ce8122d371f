/// A message of a schema, as generated code defines it.
///
/// A value like any other: copies are independent, except that copies of a descriptor field share
/// the open file.
public protocol Message: Sendable {
  /// The fields as the codec sees them.
  static var layout: MessageLayout { get }
  /// Takes the values out of an unpacked message.
  init(from fields: inout FieldReader) throws(CodecError)
  /// Puts the values into a message to be packed.
  func write(to fields: inout FieldWriter) throws(CodecError)

  // What follows is the same for every message and provided. It is required only so that each type
  // gets its own optimised copy, which code that knows no message type then calls.

  /// Reads a message from lent bytes, which are not needed any more when this returns. Its fields
  /// claim their descriptors from `descriptors`; one that is left over is an error, unless the
  /// message carries unknown fields: a newer sender's field may own it.
  init(
    unpacking message: LentMessage, descriptors: inout ReceivedDescriptors, limits: CodecLimits
  ) throws(CodecError)
  /// The message ready to be written to wherever its bytes shall go. Throws when a descriptor breaks
  /// its field's contract, and when messages nest deeper or are larger than a reader takes.
  func pack() throws(CodecError) -> PackedMessage
}

/// An enumeration of a schema. Open: numbers the schema does not know survive.
public protocol Enumeration: RawRepresentable, Sendable, Hashable where RawValue == Int32 {
  init(rawValue: Int32)
}

/// A message's bytes and the descriptors that belong to it, in the order of their places.
public struct EncodedMessage: Sendable {
  public var bytes: [UInt8]
  public var descriptors: [Descriptor]

  public init(bytes: [UInt8], descriptors: [Descriptor] = []) {
    self.bytes = bytes
    self.descriptors = descriptors
  }
}

extension Message {
  /// The message's bytes, with its descriptors beside them. Throws as ``pack()``.
  @inlinable
  public func encoded() throws(CodecError) -> EncodedMessage {
    let message = PackedMessage(Self.layout)
    var fields = message.fields
    try write(to: &fields)
    return try message.encoded()
  }

  /// Every descriptor in the message's fields and in those of messages inside it, in the order of
  /// their places. Throws as ``pack()``.
  public func carriedDescriptors() throws(CodecError) -> [Descriptor] {
    let message = PackedMessage(Self.layout)
    var fields = message.fields
    try write(to: &fields)
    return message.descriptors
  }

  /// Lends the message ready to be written to wherever its bytes shall go. Throws as ``pack()``.
  @inlinable
  public func packed<Result>(
    _ body: (borrowing PackedMessage) -> Result
  ) throws(CodecError) -> Result {
    body(try pack())
  }

  @inlinable
  public func pack() throws(CodecError) -> PackedMessage {
    var message = PackedMessage(Self.layout)
    var fields = message.fields
    try write(to: &fields)
    try message.finish()
    return message
  }

  /// Reads a message without descriptors.
  @inlinable
  public init(decoding bytes: [UInt8], limits: CodecLimits = CodecLimits()) throws(CodecError) {
    var none = ReceivedDescriptors()
    try self.init(decoding: bytes, descriptors: &none, limits: limits)
  }

  /// Reads a message; its fields claim their descriptors from `descriptors`. One that is left over
  /// is an error, unless the message carries unknown fields: a newer sender's field may own it.
  @inlinable
  public init(
    decoding bytes: [UInt8], descriptors: inout ReceivedDescriptors,
    limits: CodecLimits = CodecLimits()
  ) throws(CodecError) {
    try self.init(lent: bytes, count: bytes.count, &descriptors, limits)
  }

  /// Reads a message from lent bytes within the default limits.
  @inlinable
  public init(
    unpacking bytes: UnsafeRawBufferPointer, descriptors: inout ReceivedDescriptors
  ) throws(CodecError) {
    try self.init(unpacking: LentMessage(bytes), descriptors: &descriptors, limits: CodecLimits())
  }

  @inlinable
  public init(
    unpacking message: LentMessage, descriptors: inout ReceivedDescriptors, limits: CodecLimits
  ) throws(CodecError) {
    let message = try UnpackedMessage(message, Self.layout, limits)
    try self.init(message, &descriptors)
  }
}

// An initializer cannot be called inside a closure, so that these take pointers to what is lent for
// as long as they run.
extension Message {
  @inlinable
  init(
    lent bytes: UnsafeRawPointer, count: Int, _ descriptors: inout ReceivedDescriptors,
    _ limits: CodecLimits
  ) throws(CodecError) {
    try self.init(
      unpacking: LentMessage(UnsafeRawBufferPointer(start: bytes, count: count)),
      descriptors: &descriptors, limits: limits)
  }

  @inlinable
  init(
    _ message: borrowing UnpackedMessage, _ descriptors: UnsafeMutablePointer<ReceivedDescriptors>
  ) throws(CodecError) {
    var context = ReadingContext(descriptors, message.apart)
    do throws(CodecError) {
      try self.init(message, &context)
      try context.settle()
    } catch {
      descriptors.pointee.refuse()
      throw error
    }
  }

  @inlinable
  init(
    _ message: borrowing UnpackedMessage, _ context: UnsafeMutablePointer<ReadingContext>
  ) throws(CodecError) {
    var fields = FieldReader(base: message.base, context: context)
    try self.init(from: &fields)
  }
}
