import BatonMessages

// The messages of google/protobuf/descriptor.proto and plugin.proto that Baton reads, as proto3.
// Fields it has no use for stay in the unknown fields.

struct WireHello: Message, Hashable {
  var version: UInt32
  var oldestVersion: UInt32
  var largestPacket: UInt32
  var mostDescriptors: UInt32
  var features: [String]
  var unknownFields = UnknownFields()

  init(
    version: UInt32 = 0,
    oldestVersion: UInt32 = 0,
    largestPacket: UInt32 = 0,
    mostDescriptors: UInt32 = 0,
    features: [String] = []
  ) {
    self.version = version
    self.oldestVersion = oldestVersion
    self.largestPacket = largestPacket
    self.mostDescriptors = mostDescriptors
    self.features = features
  }

  static let layout: MessageLayout = MessageLayout(
    "baton.wire.Hello",
    [
      FieldLayout(1, "version", .uint32),
      FieldLayout(2, "oldest_version", .uint32),
      FieldLayout(3, "largest_packet", .uint32),
      FieldLayout(4, "most_descriptors", .uint32),
      FieldLayout(5, "features", .string, .repeated),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    version = fields.uint32(0)
    oldestVersion = fields.uint32(1)
    largestPacket = fields.uint32(2)
    mostDescriptors = fields.uint32(3)
    features = try fields.repeatedString(4)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.uint32(0, version)
    fields.uint32(1, oldestVersion)
    fields.uint32(2, largestPacket)
    fields.uint32(3, mostDescriptors)
    fields.repeatedString(4, features)
    fields.unknown(unknownFields)
  }
}

struct WireRequestHead: Message, Hashable {
  var timeout: UInt64
  var unknownFields = UnknownFields()

  init(
    timeout: UInt64 = 0
  ) {
    self.timeout = timeout
  }

  static let layout: MessageLayout = MessageLayout(
    "baton.wire.RequestHead",
    [
      FieldLayout(1, "timeout", .uint64)
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    timeout = fields.uint64(0)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.uint64(0, timeout)
    fields.unknown(unknownFields)
  }
}

struct WireStatus: Message, Hashable {
  var code: Int32
  var message: String
  var unknownFields = UnknownFields()

  init(
    code: Int32 = 0,
    message: String = ""
  ) {
    self.code = code
    self.message = message
  }

  static let layout: MessageLayout = MessageLayout(
    "baton.wire.Status",
    [
      FieldLayout(1, "code", .int32),
      FieldLayout(2, "message", .string),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    code = fields.int32(0)
    message = try fields.string(1)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.int32(0, code)
    fields.string(1, message)
    fields.unknown(unknownFields)
  }
}

struct WireGoodbye: Message, Hashable {
  var status: WireStatus?
  var lastCall: UInt32
  var unknownFields = UnknownFields()

  init(
    status: WireStatus? = nil,
    lastCall: UInt32 = 0
  ) {
    self.status = status
    self.lastCall = lastCall
  }

  static let layout: MessageLayout = MessageLayout(
    "baton.wire.Goodbye",
    [
      FieldLayout(1, "status", .message { WireStatus.layout }, .optional),
      FieldLayout(2, "last_call", .uint32),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    status = try fields.message(0)
    lastCall = fields.uint32(1)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    try fields.message(0, status)
    fields.uint32(1, lastCall)
    fields.unknown(unknownFields)
  }
}
