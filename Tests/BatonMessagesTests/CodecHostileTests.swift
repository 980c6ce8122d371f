import BatonMessages
import Testing

private struct Numbers: Message {
  var numbers: [Int32]

  static let layout = MessageLayout(
    "hostile.Numbers", [FieldLayout(1, "numbers", .int32, .repeated)])

  init(from fields: inout FieldReader) throws(CodecError) {
    numbers = fields.repeatedInt32(0)
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {}
}

@Suite struct CodecHostileTests {
  @Test func `a repeated field of another wire type is not blamed on the element before it`() {
    // Element 0, then a group of the same number that does not end.
    let error = #expect(throws: CodecError.self) { try Numbers(decoding: [0x08, 1, 0x0b]) }
    #expect(error?.path == "numbers")
    #expect(error?.offset == 2)
  }

  @Test func `an element that breaks off is named`() {
    let error = #expect(throws: CodecError.self) { try Numbers(decoding: [0x08, 1, 0x08, 0x80]) }
    #expect(error?.path == "numbers[1]")
  }

  @Test(arguments: [0, 8, 32])
  func `too little memory to begin with is a limit, not a malformed message`(memory: Int) {
    let limits = CodecLimits(memory: memory)
    let error = #expect(throws: CodecError.self) {
      try Numbers(decoding: [0x08, 1], limits: limits)
    }
    #expect(error?.kind == .limit)
  }
}
