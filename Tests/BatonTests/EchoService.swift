import Baton
import BatonMessages

struct EchoMessage: Message {
  var payload: [UInt8]
  var number: UInt64
  var files: [Descriptor]
  var unknownFields = UnknownFields()

  init(payload: [UInt8] = [], number: UInt64 = 0, files: [Descriptor] = []) {
    self.payload = payload
    self.number = number
    self.files = files
  }

  static let layout: MessageLayout = MessageLayout(
    "test.Echo",
    [
      FieldLayout(1, "payload", .bytes),
      FieldLayout(2, "number", .uint64),
      FieldLayout(3, "files", .descriptor(DescriptorContract(access: .read)), .repeated),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    payload = fields.bytes(0)
    number = fields.uint64(1)
    files = try fields.repeatedDescriptor(2)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.bytes(0, payload)
    fields.uint64(1, number)
    try fields.repeatedDescriptor(2, files)
    fields.unknown(unknownFields)
  }
}

/// A service whose handlers are closures, as generated code would declare it.
struct EchoService: RPCService {
  static let schema = ServiceSchema(
    name: "test.Echo", file: SchemaFile(name: "test/echo.proto", base64: ""))
  static let echo = Method<EchoMessage, EchoMessage>("test.Echo", "Echo")
  static let direct = Method<EchoMessage, EchoMessage>("test.Echo", "Direct")

  var handler: @Sendable (EchoMessage, CallContext) async throws -> EchoMessage = { request, _ in
    request
  }

  func register(in methods: inout MethodTable) {
    methods.add(Self.echo) { try await handler($0, $1) }
    methods.addSynchronous(Self.direct) { request, _ in request }
  }
}
