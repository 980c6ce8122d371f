import BatonMessages
import Testing

@Suite struct CodecScalarTests {
  private let fields = CodecWireField.all

  private func wire(_ field: (CodecWireField) -> [UInt8]) -> [UInt8] { fields.flatMap(field) }

  // MARK: Cardinalities

  @Test func `a singular scalar of every type is written as protobuf says and read back`() throws {
    let bytes = wire { $0.tag + $0.value }
    #expect(try CodecScalars.sample.encoded().bytes == bytes)
    #expect(try CodecScalars(decoding: bytes) == .sample)
  }

  @Test func `a singular scalar that is zero is not written, and is read when it comes`() throws {
    #expect(try CodecScalars().encoded().bytes == [])
    #expect(try CodecScalars(decoding: wire { $0.tag + $0.zero }) == CodecScalars())
  }

  @Test func `the last value of a singular scalar counts`() throws {
    let zerosLast = wire { $0.tag + $0.value + $0.tag + $0.zero }
    #expect(try CodecScalars(decoding: zerosLast) == CodecScalars())
    let zerosFirst = wire { $0.tag + $0.zero + $0.tag + $0.value }
    #expect(try CodecScalars(decoding: zerosFirst) == .sample)
  }

  @Test func `an optional scalar keeps apart zero and absent`() throws {
    let bytes = wire { $0.tag + $0.zero }
    #expect(try CodecOptionals.zero.encoded().bytes == bytes)
    #expect(try CodecOptionals(decoding: bytes) == .zero)
    #expect(try CodecOptionals().encoded().bytes == [])
    #expect(try CodecOptionals(decoding: []) == CodecOptionals())
  }

  @Test func `an optional scalar of every type survives`() throws {
    let bytes = wire { $0.tag + $0.value }
    #expect(try CodecOptionals.sample.encoded().bytes == bytes)
    #expect(try CodecOptionals(decoding: bytes) == .sample)
  }

  @Test func `repeated scalars are written packed where they can be`() throws {
    let bytes = wire { field in
      if !field.isPackable { return field.tag + field.value + field.tag + field.zero }
      return CodecWireField.delimited(field.number, field.value + field.zero)
    }
    #expect(try CodecRepeated.sample.encoded().bytes == bytes)
    #expect(try CodecRepeated(decoding: bytes) == .sample)
    #expect(try CodecUnpacked(decoding: bytes) == .sample)
  }

  @Test func `repeated scalars that are not to be packed are written one by one`() throws {
    let bytes = wire { $0.tag + $0.value + $0.tag + $0.zero }
    #expect(try CodecUnpacked.sample.encoded().bytes == bytes)
    #expect(try CodecUnpacked(decoding: bytes) == .sample)
    #expect(try CodecRepeated(decoding: bytes) == .sample)
  }

  @Test func `packed and single elements of one field come together in their order`() throws {
    let bytes = wire { field in
      if !field.isPackable { return field.tag + field.value + field.tag + field.zero }
      return field.tag + field.value + CodecWireField.delimited(field.number, field.zero)
    }
    #expect(try CodecRepeated(decoding: bytes) == .sample)
  }

  @Test func `a packed field without elements adds none`() throws {
    let bytes = fields.filter(\.isPackable).flatMap { CodecWireField.delimited($0.number, []) }
    #expect(try CodecRepeated(decoding: bytes) == CodecRepeated())
  }

  @Test(arguments: CodecWireField.all)
  func `a oneof's member is written whatever it holds`(_ field: CodecWireField) throws {
    let index = Int(field.number) - 1
    for (choice, bytes) in [
      (CodecChoice.samples[index], field.tag + field.value),
      (CodecChoice.zeros[index], field.tag + field.zero),
    ] {
      #expect(try choice.encoded().bytes == bytes)
      #expect(try CodecChoice(decoding: bytes) == choice)
    }
  }

  @Test func `the last member of a oneof counts`() throws {
    for earlier in fields {
      for later in fields {
        let choice = try CodecChoice(
          decoding: earlier.tag + earlier.value + later.tag + later.zero)
        #expect(choice == CodecChoice.zeros[Int(later.number) - 1])
      }
    }
  }

  @Test(arguments: CodecWireField.all)
  func `a map's entry is a message of key and value`(_ field: CodecWireField) throws {
    let bytes = CodecWireField.delimited(field.number, entry(of: field, field.value))
    let maps = try CodecMaps(decoding: bytes)
    #expect(try maps.encoded().bytes == bytes)
    #expect(maps != CodecMaps())
  }

  @Test func `maps of every type survive`() throws {
    var bytes = wire {
      CodecWireField.delimited($0.number, entry(of: $0, $0.value))
    }
    bytes += CodecWireField.delimited(17, [0x0a, 1, 0x6e, 0x12, 3, 0x0a, 1, 0x78])
    #expect(try CodecMaps(decoding: bytes) == .sample)
    #expect(try CodecMaps.sample.encoded().bytes == bytes)
  }

  private func entry(of field: CodecWireField, _ value: [UInt8]) -> [UInt8] {
    let key = fields[CodecMaps.keys[Int(field.number) - 1]]
    return [UInt8(8 | key.wireType)] + key.value + [UInt8(16 | field.wireType)] + value
  }

  @Test func `a map's entry that lacks its key or value has zero there`() throws {
    // int32 to double is field 1, string to message field 17.
    let bytes = CodecWireField.delimited(1, []) + CodecWireField.delimited(17, [0x0a, 1, 0x6e])
    let maps = try CodecMaps(decoding: bytes)
    #expect(maps.doubleField == [0: 0])
    #expect(maps.node == ["n": CodecNode()])
  }

  @Test func `a map's last entry with a key counts`() throws {
    // uint32 to int32 is field 3.
    let bytes =
      CodecWireField.delimited(3, [0x08, 5, 0x10, 1])
      + CodecWireField.delimited(3, [0x08, 5, 0x10, 2])
    #expect(try CodecMaps(decoding: bytes).int32Field == [5: 2])
  }

  // MARK: Values

  @Test func `minus zero is written and read`() throws {
    var scalars = CodecScalars()
    scalars.doubleField = -0.0
    scalars.floatField = -0.0
    let bytes = try scalars.encoded().bytes
    #expect(bytes == [0x09, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x15, 0, 0, 0, 0x80])
    let decoded = try CodecScalars(decoding: bytes)
    #expect(decoded.doubleField.bitPattern == 1 << 63)
    #expect(decoded.floatField.bitPattern == 1 << 31)
  }

  @Test func `infinities and the bits of a NaN survive`() throws {
    var scalars = CodecScalars()
    scalars.doubleField = Double(bitPattern: 0x7ff8_0000_dead_beef)
    scalars.floatField = -.infinity
    let decoded = try CodecScalars(decoding: scalars.encoded().bytes)
    #expect(decoded.doubleField.bitPattern == 0x7ff8_0000_dead_beef)
    #expect(decoded.floatField == -.infinity)
  }

  @Test func `a varint too wide for its type loses its upper bits`() throws {
    // 2^32 + 5 in int32, uint32, sint32 and the enumeration; 2^32 in bool.
    let wide: [UInt8] = [0x85, 128, 128, 128, 16]
    let bytes =
      [0x18] + wide + [0x28] + wide + [0x38] + wide + [0x80, 1] + wide
      + [0x68, 128, 128, 128, 128, 16]
    let scalars = try CodecScalars(decoding: bytes)
    #expect(scalars.int32Field == 5)
    #expect(scalars.uint32Field == 5)
    #expect(scalars.sint32Field == -3)
    #expect(scalars.enumerationField == .unrecognized(5))
    #expect(scalars.boolField)
  }

  @Test func `an enumeration keeps numbers it does not know, in every cardinality`() throws {
    for number in [Int32.min, -1, 2, .max] {
      let mood = CodecMood(rawValue: number)
      #expect(mood == .unrecognized(number))
      var repeated = CodecRepeated()
      repeated.enumerationField = [.cross, mood]
      #expect(try CodecRepeated(decoding: repeated.encoded().bytes) == repeated)
      let choice = CodecChoice(.enumerationField(mood))
      #expect(try CodecChoice(decoding: choice.encoded().bytes) == choice)
    }
  }

  @Test(arguments: [0, 1, 7, 8, 9, 1023, 1024, 1025, 100_000])
  func `a string and bytes of any length survive, embedded NUL included`(_ count: Int) throws {
    var repeated = CodecRepeated()
    repeated.stringField = [String(repeating: "\0", count: count), "after"]
    repeated.bytesField = [[UInt8](repeating: 0, count: count), [1]]
    let decoded = try CodecRepeated(decoding: repeated.encoded().bytes)
    #expect(decoded == repeated)
    #expect(decoded.stringField[0].utf8.count == count)
  }

  // MARK: Messages

  @Test func `a message of messages survives`() throws {
    let rich = CodecRich.sample
    #expect(try CodecRich(decoding: rich.encoded().bytes) == rich)
  }

  private func twice(_ number: UInt32, _ first: CodecNode, _ second: CodecNode) throws -> [UInt8] {
    try CodecWireField.delimited(number, first.encoded().bytes)
      + CodecWireField.delimited(number, second.encoded().bytes)
  }
  private let first = CodecNode(
    name: "a", child: CodecNode(name: "in", data: [1]), children: [CodecNode(name: "x")], data: [9])
  private let second = CodecNode(
    name: "b", child: CodecNode(name: "IN"), children: [CodecNode(name: "y")])
  private let merged = CodecNode(
    name: "b", child: CodecNode(name: "IN", data: [1]),
    children: [CodecNode(name: "x"), CodecNode(name: "y")], data: [9])

  @Test func `a singular message that comes twice is merged, at every level`() throws {
    #expect(try CodecNode(decoding: twice(2, first, second)).child == merged)
  }

  @Test func `a oneof's message that comes twice is merged`() throws {
    #expect(try CodecChoice(decoding: twice(17, first, second)).choice == .node(merged))
  }

  @Test func `a oneof's message begins anew after another member`() throws {
    let node = try CodecWireField.delimited(17, first.encoded().bytes)
    let again = try CodecWireField.delimited(17, second.encoded().bytes)
    for between: [UInt8] in [
      [0x68, 1], [0x72, 1, 0x61], CodecWireField.delimited(18, [0x18, 1]),
    ] {
      #expect(try CodecChoice(decoding: node + between + again).choice == .node(second))
    }
    let last = try CodecChoice(decoding: node + CodecWireField.delimited(18, [0x18, 1]))
    var scalars = CodecScalars()
    scalars.int32Field = 1
    #expect(last.choice == .scalars(scalars))
  }

  @Test func `an empty message that came is there`() throws {
    let node = try CodecNode(decoding: [0x12, 0, 0x1a, 0])
    #expect(node == CodecNode(child: CodecNode(), children: [CodecNode()]))
    #expect(try node.encoded().bytes == [0x12, 0, 0x1a, 0])
  }
}
