import BatonMessages
import Testing

import struct GoldenNames.Keywords
import struct GoldenNames.Members
import struct GoldenNames.OptionalKeywords

@Suite struct NameTests {
  @Test func `names that mean something in Swift carry values like any other`() throws {
    try RoundTrip.check(
      Keywords(init: 2, default: 1, selfField: 3, await: 5), in: "golden/names.proto")
    try RoundTrip.check(
      OptionalKeywords(
        default: 0, selfField: "s", init: false, fields: 4, await: 5, in: 6, repeat: [7],
        switch: .noneCase(true)), in: "golden/names.proto")
    try RoundTrip.check(
      Members(
        hashValueField: "h", unknownFieldsField: "u", fields: "f", entry: ["a": 1], key: ["k": ""],
        value: ["v": "w"], _1st: "1"), in: "golden/names.proto")
  }
}
