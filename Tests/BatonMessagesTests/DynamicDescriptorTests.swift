import BatonMessages
import SystemPackage
import Testing

@Suite struct DynamicDescriptorTests {
  let pool: SchemaPool
  let files: MessageType

  init() throws {
    pool = try SchemaPoolSource.pool(DynamicMessageTests.schema)
    files = try #require(pool.message("test.Files"))
  }

  private func open() throws -> Descriptor {
    Descriptor(adopting: try FileDescriptor.open("/dev/null", .readOnly))
  }
  private func number(_ descriptor: Descriptor) -> Int32 {
    descriptor.withFileDescriptor { $0.rawValue }
  }

  @Test func `descriptors are listed with their paths`() throws {
    var inner = try DynamicMessage(files)
    let opened = try (0..<5).map { _ in try open() }
    try inner.set("chosen", to: .descriptor(opened[4]))
    var message = try DynamicMessage(files)
    try message.set("inner", to: .list([.message(try DynamicMessage(files)), .message(inner)]))
    try message.set(
      "named",
      to: .map([.string("b"): .descriptor(opened[3]), .string("a"): .descriptor(opened[2])]))
    try message.set("more", to: .list([.descriptor(opened[1])]))
    try message.set("file", to: .descriptor(opened[0]))
    #expect(
      message.descriptors.map(\.path)
        == ["file", "more[0]", "named[\"a\"]", "named[\"b\"]", "inner[1].chosen"])
    #expect(message.descriptors.map { number($0.descriptor) } == opened.map(number))
    for (path, descriptor) in message.descriptors {
      let found = try message.value(at: FieldPath(path))?.descriptorValue
      #expect(found.map(number) == number(descriptor))
    }
    let encoded = try message.encoded()
    #expect(encoded.descriptors.map(number) == opened.map(number))
    #expect(encoded.bytes.starts(with: [0x08, 1, 0x12, 1, 2]))
  }

  @Test func `a required descriptor is asked for on both ways`() throws {
    let needy = try #require(pool.message("test.Needy"))
    for error in [
      SchemaPoolSource.error { _ = try DynamicMessage(needy).encoded() },
      SchemaPoolSource.error { _ = try DynamicMessage(decoding: [], type: needy) },
    ] {
      #expect(error?.kind == .descriptor)
      #expect(error?.path == "file")
    }
  }

  @Test func `a place that no descriptor came for is an error`() throws {
    let error = SchemaPoolSource.error {
      _ = try DynamicMessage(decoding: [0x22, 2, 0x08, 1], type: self.files)
    }
    #expect(error?.kind == .descriptor)
    #expect(error?.path == "inner[0].file")
  }
}
