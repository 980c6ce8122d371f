import Baton
import BatonMessages

/// What a caller of the broker sees, written from `Schemas/files/v1/broker.proto` by hand, so that the
/// program's own messages are not their only witness.
enum BrokerMethods {
  static let open = Method<OpenRequest, OpenReply>("files.v1.FileBroker", "Open")
  /// A WatchRequest is an OpenRequest by another name.
  static let watch = Method<OpenRequest, WatchEvent>("files.v1.FileBroker", "Watch")
  static let count = Method<CountRequest, CountReply>("files.v1.FileBroker", "Count")
}

struct OpenRequest: Message {
  var path: String

  static let layout: MessageLayout = MessageLayout(
    "files.v1.OpenRequest", [FieldLayout(1, "path", .string)])

  init(path: String) {
    self.path = path
  }
  init(from fields: inout FieldReader) throws(CodecError) {
    path = try fields.string(0)
  }
  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.string(0, path)
  }
}

struct OpenReply: Message {
  var file: Descriptor
  var size: UInt64

  static let layout: MessageLayout = MessageLayout(
    "files.v1.OpenReply",
    [
      FieldLayout(
        1, "file", .descriptor(.init(kind: .regularFile, access: .read, required: true))),
      FieldLayout(2, "size", .uint64),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    file = try fields.requiredDescriptor(0)
    size = fields.uint64(1)
  }
  func write(to fields: inout FieldWriter) throws(CodecError) {
    try fields.descriptor(0, file)
    fields.uint64(1, size)
  }
}

struct CountRequest: Message {
  var files: [Descriptor]

  static let layout: MessageLayout = MessageLayout(
    "files.v1.CountRequest",
    [FieldLayout(1, "files", .descriptor(.init(access: .read)), .repeated)])

  init(files: [Descriptor]) {
    self.files = files
  }
  init(from fields: inout FieldReader) throws(CodecError) {
    files = try fields.repeatedDescriptor(0)
  }
  func write(to fields: inout FieldWriter) throws(CodecError) {
    try fields.repeatedDescriptor(0, files)
  }
}

struct CountReply: Message {
  var counts: [Counts]

  static let layout: MessageLayout = MessageLayout(
    "files.v1.CountReply", [FieldLayout(1, "counts", .message { Counts.layout }, .repeated)])

  init(from fields: inout FieldReader) throws(CodecError) {
    counts = try fields.repeatedMessage(0)
  }
  func write(to fields: inout FieldWriter) throws(CodecError) {
    try fields.repeatedMessage(0, counts)
  }
}

struct Counts: Message, Equatable {
  var lines: UInt64
  var words: UInt64
  var bytes: UInt64

  static let layout: MessageLayout = MessageLayout(
    "files.v1.Counts",
    [
      FieldLayout(1, "lines", .uint64), FieldLayout(2, "words", .uint64),
      FieldLayout(3, "bytes", .uint64),
    ])

  init(lines: UInt64, words: UInt64, bytes: UInt64) {
    self.lines = lines
    self.words = words
    self.bytes = bytes
  }
  init(from fields: inout FieldReader) throws(CodecError) {
    lines = fields.uint64(0)
    words = fields.uint64(1)
    bytes = fields.uint64(2)
  }
  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.uint64(0, lines)
    fields.uint64(1, words)
    fields.uint64(2, bytes)
  }
}

struct WatchEvent: Message {
  /// CREATED, CHANGED, REMOVED, MOVED_IN and MOVED_OUT, from 1 on.
  var kind: Int32
  var path: String
  var file: Descriptor?

  static let layout: MessageLayout = MessageLayout(
    "files.v1.WatchEvent",
    [
      FieldLayout(1, "kind", .int32), FieldLayout(2, "path", .string),
      FieldLayout(3, "file", .descriptor(.init(kind: .regularFile, access: .read))),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    kind = fields.int32(0)
    path = try fields.string(1)
    file = try fields.descriptor(2)
  }
  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.int32(0, kind)
    fields.string(1, path)
    try fields.descriptor(2, file)
  }
}
