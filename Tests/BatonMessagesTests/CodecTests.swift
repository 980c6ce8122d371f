import BatonMessages
import Testing

struct Echo: Message, Equatable {
  var payload: [UInt8]
  var seq: UInt64
  var unknownFields = UnknownFields()

  init(payload: [UInt8] = [], seq: UInt64 = 0) {
    self.payload = payload
    self.seq = seq
  }

  static let layout = MessageLayout(
    "bench.Echo",
    [
      FieldLayout(1, "payload", .bytes),
      FieldLayout(2, "seq", .uint64),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    payload = fields.bytes(0)
    seq = fields.uint64(1)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.bytes(0, payload)
    fields.uint64(1, seq)
    fields.unknown(unknownFields)
  }
}

@Suite struct CodecTests {
  @Test func `a message survives the wire`() throws {
    let echo = Echo(payload: [1, 2, 3], seq: 300)
    let encoded = try echo.encoded()
    #expect(encoded.bytes == [0x0a, 3, 1, 2, 3, 0x10, 0xac, 2])
    #expect(try Echo(decoding: encoded.bytes) == echo)
  }

  @Test func `every truncation is an error or a shorter message`() throws {
    let bytes = try Echo(payload: [1, 2, 3], seq: 300).encoded().bytes
    for length in 0..<bytes.count where length != 0 && length != 5 {
      #expect(throws: CodecError.self) { try Echo(decoding: Array(bytes.prefix(length))) }
    }
  }

  @Test func `unknown fields come back as they came, groups too`() throws {
    let bytes: [UInt8] = [0x1a, 1, 9, 0x23, 0x08, 1, 0x24, 0x10, 7]
    let echo = try Echo(decoding: bytes)
    #expect(echo.seq == 7)
    #expect(try echo.encoded().bytes == [0x10, 7, 0x1a, 1, 9, 0x23, 0x08, 1, 0x24])
  }
}
