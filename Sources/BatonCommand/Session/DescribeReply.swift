import BatonMessages

/// `baton.reflection.v1.DescribeReply`
struct DescribeReply: Message {
  let services: [String]
  let files: [[UInt8]]

  static let layout: MessageLayout = MessageLayout(
    "baton.reflection.v1.DescribeReply",
    [
      FieldLayout(1, "services", .string, .repeated), FieldLayout(2, "files", .bytes, .repeated),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    services = try fields.repeatedString(0)
    files = fields.repeatedBytes(1)
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.repeatedString(0, services)
    fields.repeatedBytes(1, files)
  }
}
