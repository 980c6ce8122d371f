import BatonMessages

/// The `reserved` statements of a message or an enum: numbers and names that stay unused.
///
/// The descriptor messages of BatonMessages keep them among their unknown fields, so they are read
/// out of those here.
struct ReservedText {
  let statements: [String]

  init(of message: DescriptorProto) {
    let reserved = try? MessageReservations(decoding: message.unknownFields.bytes)
    // The end of a message's range is not part of it, the end of an enum's range is.
    let ranges = reserved?.ranges.map { ($0.start, $0.end &- 1) } ?? []
    self.init(ranges, greatest: 536_870_911, names: reserved?.names ?? [])
  }

  init(of enumeration: EnumDescriptorProto) {
    let reserved = try? EnumReservations(decoding: enumeration.unknownFields.bytes)
    let ranges = reserved?.ranges.map { ($0.start, $0.end) } ?? []
    self.init(ranges, greatest: .max, names: reserved?.names ?? [])
  }

  private init(_ ranges: [(first: Int32, last: Int32)], greatest: Int32, names: [String]) {
    let numbers = ranges.map { range in
      let last = range.last == greatest ? "max" : "\(range.last)"
      return range.first == range.last ? "\(range.first)" : "\(range.first) to \(last)"
    }
    let lists = [numbers, names.map(SchemaWriter.quote)].filter { !$0.isEmpty }
    statements = lists.map { "reserved \($0.joined(separator: ", "));" }
  }
}

/// `google.protobuf.DescriptorProto`, its reservations only.
private struct MessageReservations: Message {
  let ranges: [ReservedRange]
  let names: [String]

  static let layout: MessageLayout = MessageLayout(
    "google.protobuf.DescriptorProto",
    [
      FieldLayout(9, "reserved_range", .message { ReservedRange.layout }, .repeated),
      FieldLayout(10, "reserved_name", .string, .repeated),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    ranges = try fields.repeatedMessage(0)
    names = try fields.repeatedString(1)
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    try fields.repeatedMessage(0, ranges)
    fields.repeatedString(1, names)
  }
}

/// `google.protobuf.EnumDescriptorProto`, its reservations only.
private struct EnumReservations: Message {
  let ranges: [ReservedRange]
  let names: [String]

  static let layout: MessageLayout = MessageLayout(
    "google.protobuf.EnumDescriptorProto",
    [
      FieldLayout(4, "reserved_range", .message { ReservedRange.layout }, .repeated),
      FieldLayout(5, "reserved_name", .string, .repeated),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    ranges = try fields.repeatedMessage(0)
    names = try fields.repeatedString(1)
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    try fields.repeatedMessage(0, ranges)
    fields.repeatedString(1, names)
  }
}

private struct ReservedRange: Message {
  let start: Int32
  let end: Int32

  static let layout: MessageLayout = MessageLayout(
    "google.protobuf.ReservedRange",
    [FieldLayout(1, "start", .int32), FieldLayout(2, "end", .int32)])

  init(from fields: inout FieldReader) throws(CodecError) {
    start = fields.int32(0)
    end = fields.int32(1)
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.int32(0, start)
    fields.int32(1, end)
  }
}
