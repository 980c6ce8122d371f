import BatonMessages
import Testing

@Suite struct WellKnownTests {
  @Test(arguments: [
    (Duration.zero, 0 as Int64, 0 as Int32), (.milliseconds(1500), 1, 500_000_000),
    (.milliseconds(-1500), -1, -500_000_000), (.nanoseconds(-1), 0, -1),
    (.seconds(315_576_000_000), 315_576_000_000, 0),
  ])
  func `a duration's parts have one sign, and it survives`(
    duration: Duration, seconds: Int64, nanos: Int32
  ) {
    let proto = ProtoDuration(duration)
    #expect(proto == ProtoDuration(seconds: seconds, nanos: nanos))
    #expect(Duration(proto) == duration)
  }

  @Test(arguments: [
    (Duration.zero, 0 as Int64, 0 as Int32), (.milliseconds(1500), 1, 500_000_000),
    (.milliseconds(-1500), -2, 500_000_000), (.nanoseconds(-1), -1, 999_999_999),
    (.seconds(-62_135_596_800), -62_135_596_800, 0),
  ])
  func `a timestamp's nanoseconds count forwards, and it survives`(
    sinceEpoch: Duration, seconds: Int64, nanos: Int32
  ) {
    let proto = ProtoTimestamp(sinceEpoch: sinceEpoch)
    #expect(proto == ProtoTimestamp(seconds: seconds, nanos: nanos))
    #expect(proto.sinceEpoch == sinceEpoch)
  }

  @Test func `an Any gives back the message that was packed, as its own type only`() throws {
    let any = try ProtoAny(packing: ProtoDuration(seconds: 7))
    #expect(any.typeUrl == "type.googleapis.com/google.protobuf.Duration")
    #expect(try any.unpack(as: ProtoDuration.self) == ProtoDuration(seconds: 7))
    let error = #expect(throws: CodecError.self) { try any.unpack(as: ProtoTimestamp.self) }
    #expect(
      error?.message
        == "expected a google.protobuf.Timestamp in the Any, got \"type.googleapis.com/google.protobuf.Duration\""
    )
  }

  @Test func `a value is written as JSON is`() {
    let value: ProtoValue = ["name": "x", "sizes": [1, 2.5], "open": true, "owner": nil]
    guard case .structValue(let fields) = value.kind else {
      Issue.record("expected a struct")
      return
    }
    #expect(fields.fields["name"]?.kind == .stringValue("x"))
    #expect(fields.fields["sizes"]?.kind == .listValue(ProtoListValue(values: [1, 2.5])))
    #expect(fields.fields["open"]?.kind == .boolValue(true))
    #expect(fields.fields["owner"]?.kind == .nullValue(.nullValue))
  }
}
