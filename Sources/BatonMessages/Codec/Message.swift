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
  /// The message's bytes, with its descriptors beside them. Throws when a descriptor breaks its
  /// field's contract, and when messages nest deeper or are larger than a reader takes.
  public func encoded() throws(CodecError) -> EncodedMessage {
    let message = try PackedMessage(self)
    return EncodedMessage(bytes: message.bytes(), descriptors: message.descriptors)
  }

  /// Lends the message ready to be written to wherever its bytes shall go. Throws as ``encoded()``.
  public func packed<Result>(
    _ body: (borrowing PackedMessage) -> Result
  ) throws(CodecError) -> Result {
    body(try PackedMessage(self))
  }

  /// Reads a message without descriptors.
  public init(decoding bytes: [UInt8], limits: CodecLimits = CodecLimits()) throws(CodecError) {
    var none = ReceivedDescriptors()
    try self.init(lent: bytes, count: bytes.count, &none, limits)
  }

  /// Reads a message; its fields claim their descriptors from `descriptors`. One that is left over
  /// is an error, unless the message carries unknown fields: a newer sender's field may own it.
  public init(
    decoding bytes: [UInt8], descriptors: inout ReceivedDescriptors,
    limits: CodecLimits = CodecLimits()
  ) throws(CodecError) {
    try self.init(lent: bytes, count: bytes.count, &descriptors, limits)
  }

  /// Reads a message from lent bytes, which are not needed any more when this returns.
  public init(
    unpacking bytes: UnsafeRawBufferPointer, descriptors: inout ReceivedDescriptors,
    limits: CodecLimits = CodecLimits()
  ) throws(CodecError) {
    try self.init(lent: bytes.baseAddress, count: bytes.count, &descriptors, limits)
  }

  private init(
    lent bytes: UnsafeRawPointer?, count: Int,
    _ descriptors: UnsafeMutablePointer<ReceivedDescriptors>, _ limits: CodecLimits
  ) throws(CodecError) {
    var message = try UnpackedMessage(
      UnsafeRawBufferPointer(start: bytes, count: count), layout: Self.layout, limits: limits,
      descriptors: descriptors)
    try self.init(from: &message.fields)
    try message.settle()
  }
}
