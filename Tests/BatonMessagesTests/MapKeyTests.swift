import BatonMessages
import Testing

@Suite struct MapKeyTests {
  /// One character to Swift, which composes it, and two keys to protobuf.
  private static let composed = "\u{e9}"
  private static let decomposed = "e\u{301}"

  private let all: MessageType

  init() throws {
    all = try #require(SchemaPoolSource.pool(DynamicMessageTests.schema).message("test.All"))
  }

  /// An entry of `m_message` with an empty message.
  private func entry(_ key: String) -> [UInt8] {
    let count = UInt8(key.utf8.count)
    return [0xca, 0x02, count + 4, 0x0a, count] + key.utf8 + [0x12, 0]
  }

  /// Marks that Unicode's normal forms reorder, which Swift does in a time that is quadratic.
  private func marks(_ count: Int) -> String {
    String(repeating: "\u{301}\u{316}", count: count / 2)
  }

  private func reads(_ key: String) throws -> Duration {
    var message = try DynamicMessage(all)
    return try threadTime {
      try message.set("m_message", to: .map([.string(key): .message(try DynamicMessage(all))]))
      let again = try DynamicMessage(decoding: message.encoded().bytes, type: all)
      let json = try DynamicMessage(json: again.json(), type: all)
      #expect(json["m_message"]?.mapValue?[.string(key)] != nil)
      let path = try FieldPath("m_message[\(key)]")
      #expect(try json.value(at: path) != nil)
      #expect([path: 1][try FieldPath("m_message[\(key)]")] == 1)
    }
  }

  @Test func `a dynamic message keeps keys that only normalisation makes the same`() throws {
    let bytes = entry(Self.decomposed) + entry(Self.composed)
    let message = try DynamicMessage(decoding: bytes, type: all)
    #expect(message["m_message"]?.mapValue?.count == 2)
    #expect(try message.encoded().bytes == bytes)
    let json = try message.json()
    let printed = "{\"mMessage\":{\"\(Self.decomposed)\":{},\"\(Self.composed)\":{}}}"
    #expect(Array(json.utf8) == Array(printed.utf8))
    #expect(try DynamicMessage(json: json, type: all).encoded().bytes == bytes)
  }

  @Test func `a path finds the key with its bytes and no other`() throws {
    var inner = try DynamicMessage(all)
    try inner.set("f_int32", to: .int32(1))
    var message = try DynamicMessage(all)
    try message.set("m_message", to: .map([.string(Self.composed): .message(inner)]))
    #expect(
      try message.value(at: FieldPath("m_message[\(Self.composed)].f_int32"))?.int32Value == 1)
    #expect(try message.value(at: FieldPath("m_message[\(Self.decomposed)]")) == nil)
  }

  // MARK: Generated messages

  /// A `CodecMaps` with these keys in `sfixed64Field`.
  private func maps(_ keys: [String]) throws -> CodecMaps {
    var bytes: [UInt8] = []
    for key in keys {
      let entry = [0x0a] + varint(key.utf8.count) + key.utf8
      bytes += [0x62] + varint(entry.count) + entry
    }
    return try CodecMaps(decoding: bytes)
  }
  private func varint(_ value: Int) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f | 0x80)] + varint(value >> 7)
  }

  @Test func `a key may have as many marks in a row as text that is safe to stream`() throws {
    let safe = "k" + marks(30) + "k" + marks(30)
    #expect(try maps([safe]).sfixed64Field == [safe: 0])
    // Each of these is two marks in Unicode's normal form.
    let double = String(repeating: "\u{f73}", count: 15) + String(repeating: "k", count: 60)
    #expect(try maps([double]).sfixed64Field == [double: 0])
    let letters = String(repeating: "字", count: 10_000)
    #expect(try maps([letters]).sfixed64Field == [letters: 0])
  }

  @Test(arguments: [
    String(repeating: "k", count: 100) + String(repeating: "\u{301}\u{316}", count: 15) + "\u{301}",
    String(repeating: "\u{f73}", count: 20), String(repeating: "\u{344}", count: 31),
    String(repeating: "\u{301}\u{316}", count: 1 << 18),
  ])
  func `a key with more marks in a row is refused before it is hashed`(key: String) {
    let error = #expect(throws: CodecError.self) { try maps(["a", key]) }
    #expect(error?.kind == .mapKey)
    #expect(
      error?.description
        == "sfixed64Field[1]: expected at most 30 combining marks in a row in a map's key")
  }

  @Test func `keys that a dictionary takes for the same are refused and not lost`() {
    let error = #expect(throws: CodecError.self) {
      try maps(["a", Self.composed, Self.decomposed])
    }
    #expect(error?.kind == .mapKey)
    #expect(error?.path == "sfixed64Field[2]")
  }

  @Test func `of keys with the same bytes the last counts`() throws {
    #expect(try maps([Self.composed, "a", Self.composed]).sfixed64Field == ["é": 0, "a": 0])
  }

  // MARK: Names

  @Test func `names of peers with four times the marks take about four times as long`() throws {
    let few = try looksUp(marks(1 << 15))
    // Sixteen times, were they normalised.
    #expect(try looksUp(marks(1 << 17)) < few * 9)
  }

  private func looksUp(_ name: String) throws -> Duration {
    let colour = try #require(all.pool.enumeration("test.Colour"))
    let json = "{\"\(name)\": 1, \"fColour\": \"\(name)\", \"fDouble\": \"N\(name)\"}"
    let file = FileDescriptorProto(name: "test.proto", dependency: [name], syntax: "proto3")
    return threadTime {
      #expect(all.pool.message(name) == nil)
      #expect(all.pool.symbol(name) == nil)
      #expect(all.field(name) == nil)
      #expect(colour.number(of: name) == nil)
      #expect(throws: CodecError.self) { try SchemaPool(files: [file]) }
      #expect(throws: CodecError.self) {
        try DynamicMessage(
          json: json, type: all, options: JSONDecodingOptions(ignoreUnknownFields: true))
      }
    }
  }

  @Test func `a key with four times the marks takes a dynamic message about four times as long`()
    throws
  {
    let few = try reads(marks(1 << 15))
    // Sixteen times, were it normalised.
    #expect(try reads(marks(1 << 17)) < few * 9)
  }
}
