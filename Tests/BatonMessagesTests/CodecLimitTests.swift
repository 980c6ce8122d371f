import BatonMessages
import CBaton
import Testing

@Suite struct CodecLimitTests {
  private func node(_ bytes: [UInt8], _ limits: CodecLimits) throws(CodecError) -> CodecNode {
    try CodecNode(decoding: bytes, limits: limits)
  }
  /// A message of so many levels, each in the field `child` of the one before.
  private func chain(_ levels: Int) -> [UInt8] {
    (1..<levels).reduce(into: []) { bytes, _ in bytes = CodecWireField.delimited(2, bytes) }
  }
  private func path(_ levels: Int) -> String {
    Array(repeating: "child", count: levels).joined(separator: ".")
  }

  // MARK: Size

  @Test func `a message may have as many bytes as the limit and no more`() throws {
    let bytes = try CodecNode(name: "abc").encoded().bytes
    #expect(try node(bytes, CodecLimits(size: 5)).name == "abc")
    #expect(throws: CodecError(.limit, "expected a message of at most 4 bytes, got 5")) {
      try node(bytes, CodecLimits(size: 4))
    }
  }

  // MARK: Nesting

  @Test func `100 levels of messages are read and 101 are refused`() throws {
    let deepest = chain(100)
    #expect(try CodecNode(decoding: deepest).encoded().bytes == deepest)
    let bytes = chain(101)
    let error = CodecError(
      .limit, "expected at most 100 levels of messages", path: path(100), offset: bytes.count - 2)
    #expect(throws: error) { try CodecNode(decoding: bytes) }
  }

  @Test func `the limit of nesting can be lowered to one message`() throws {
    #expect(try node([0x0a, 1, 0x61], CodecLimits(nesting: 1)).name == "a")
    let error = CodecError(
      .limit, "expected at most 1 levels of messages", path: "children[0]", offset: 0)
    #expect(throws: error) { try node([0x1a, 0], CodecLimits(nesting: 1)) }
    #expect(throws: CodecError(.limit, "expected at most 0 levels of messages", offset: 0)) {
      try node([], CodecLimits(nesting: 0))
    }
    #expect(throws: CodecError(.limit, "expected at most -1 levels of messages", offset: 0)) {
      try node([], CodecLimits(nesting: -1))
    }
  }

  @Test func `more than 128 levels are refused whatever the limit says`() throws {
    #expect(try node(chain(128), CodecLimits(nesting: .max)).child != nil)
    let refused = #expect(throws: CodecError.self) {
      try node(chain(129), CodecLimits(nesting: .max))
    }
    #expect(refused?.kind == .limit)
    #expect(refused?.path == path(128))
  }

  @Test func `unknown groups count as levels`() throws {
    func groups(_ count: Int) -> [UInt8] {
      [UInt8](repeating: 0x2b, count: count) + [UInt8](repeating: 0x2c, count: count)
    }
    #expect(try CodecNode(decoding: groups(99)).unknownFields.bytes == groups(99))
    let error = CodecError(
      .limit, "expected at most 100 levels of messages", path: "5", offset: 99)
    #expect(throws: error) { try CodecNode(decoding: groups(100)) }
    let inside = CodecError(
      .limit, "expected at most 3 levels of messages", path: "child.5", offset: 3)
    #expect(throws: inside) {
      try node(CodecWireField.delimited(2, groups(2)), CodecLimits(nesting: 3))
    }
  }

  @Test func `100 levels are written and 101 are refused`() throws {
    func nested(_ levels: Int) -> CodecNode {
      (1..<levels).reduce(into: CodecNode()) { node, _ in node = CodecNode(child: node) }
    }
    #expect(try nested(100).encoded().bytes == chain(100))
    let message = "expected at most 100 levels of messages, as a reader takes"
    #expect(throws: CodecError(.limit, message, path: path(100))) { try nested(101).encoded() }
    let deep = CodecNode(children: [CodecNode(), nested(100)])
    #expect(throws: CodecError(.limit, message, path: "children[1]." + path(99))) {
      try deep.encoded()
    }
    var maps = CodecMaps()
    maps.node = ["a": nested(99)]
    #expect(throws: CodecError(.limit, message, path: "node[0].value." + path(98))) {
      try maps.encoded()
    }
  }

  // MARK: Elements

  @Test func `elements are counted over the whole message`() throws {
    let inner = CodecWireField.delimited(3, [0x1a, 0])
    let bytes = inner + inner
    #expect(try node(bytes, CodecLimits(elements: 4)).children.count == 2)
    let message = "expected at most 3 elements in the message"
    let error = CodecError(.limit, message, path: "children[1].children[0]", offset: 6)
    #expect(throws: error) { try node(bytes, CodecLimits(elements: 3)) }
    #expect(
      throws: CodecError(
        .limit, "expected at most 0 elements in the message", path: "children[0]", offset: 0)
    ) { try node(bytes, CodecLimits(elements: 0)) }
  }

  @Test func `packed elements are counted before there is room for them`() throws {
    let packed: [UInt8] = [0x6a, 3, 1, 0, 1]
    let limited = CodecLimits(elements: 3)
    #expect(try CodecRepeated(decoding: packed, limits: limited).boolField == [true, false, true])
    let error = CodecError(
      .limit, "expected at most 3 elements in the message", path: "boolField", offset: 2)
    #expect(throws: error) {
      try CodecRepeated(decoding: [0x68, 1] + packed, limits: limited)
    }
  }

  @Test func `unknown fields and a map's entries are elements`() throws {
    let error = CodecError(
      .limit, "expected at most 2 elements in the message", path: "5", offset: 4)
    #expect(throws: error) {
      try node([0x28, 1, 0x28, 1, 0x28, 1], CodecLimits(elements: 2))
    }
    #expect(try node([0x28, 1, 0x28, 1], CodecLimits(elements: 2)).unknownFields.bytes.count == 4)
    let entry = CodecWireField.delimited(3, [])
    let inMap = CodecError(
      .limit, "expected at most 1 elements in the message", path: "int32Field[1]", offset: 2)
    #expect(throws: inMap) {
      try CodecMaps(decoding: entry + entry, limits: CodecLimits(elements: 1))
    }
  }

  // MARK: Memory

  @Test func `small messages inside one do not take more memory than the limit`() throws {
    let bytes = Array(repeatElement([0x1a, 0] as [UInt8], count: 200_000).joined())
    let refused = #expect(throws: CodecError.self) {
      try node(bytes, CodecLimits(memory: 1 << 20))
    }
    #expect(refused?.kind == .limit)
    #expect(refused?.message == "the message needs more than 1048576 bytes of memory")
    let index = (refused?.offset ?? 0) / 2
    #expect(refused?.path == "children[\(index)]")
    // Each takes 24 bytes and 24 for each of 4 fields, besides its place in the array.
    #expect(index > 1000 && index < (1 << 20) / 120)
  }

  @Test func `packed elements do not take more memory than the limit`() throws {
    let bytes = CodecWireField.delimited(13, [UInt8](repeating: 1, count: 300_000))
    #expect(try CodecRepeated(decoding: bytes).boolField.count == 300_000)
    let error = CodecError(
      .limit, "the message needs more than 1048576 bytes of memory", path: "boolField", offset: 0)
    #expect(throws: error) {
      try CodecRepeated(decoding: bytes, limits: CodecLimits(memory: 1 << 20))
    }
  }

  @Test func `a message without memory to be read into is refused`() throws {
    for memory in [0, -1] {
      let refused = #expect(throws: CodecError.self) { try node([], CodecLimits(memory: memory)) }
      #expect(refused?.kind == .limit)
      #expect(refused?.path == "")
      #expect(refused?.message == "the message needs more than \(memory) bytes of memory")
    }
  }

  /// Bytes of every chunk that an arena holds after it refused a message with `limit` bytes.
  private func held(_ field: baton_field, _ bytes: [UInt8], limit: Int) throws -> Int {
    let layout = try #require(baton_layout_make("held", [field], 1, 1))
    defer { baton_layout_free(layout) }
    baton_layout_link(layout, 0, layout)
    // A thread's arena may hold a chunk already; a second one is new, and freed when returned.
    let other = try #require(baton_arena_borrow(0))
    let arena = try #require(baton_arena_borrow(limit))
    defer {
      baton_arena_return(other)
      baton_arena_return(arena)
    }
    var error = baton_error()
    let limits = baton_limits(elements: .max, depth: 100)
    #expect(baton_unpack(layout, bytes, bytes.count, nil, limits, arena, &error) == nil)
    #expect(error.fault == BATON_OUT_OF_MEMORY)
    // A chunk begins with the address of the next and its own size.
    var size = 0
    var chunk = arena.pointee.chunks.map { UnsafeRawPointer($0) }
    while let current = chunk {
      size += current.load(fromByteOffset: 8, as: Int.self)
      chunk = current.load(as: UnsafeRawPointer?.self)
    }
    return size
  }

  @Test func `nothing is allocated beyond the limit but the end of a chunk and the path`() throws {
    let chunk = 64 * 1024
    let message = baton_field(
      number: 3, slot: 0, type: UInt8(BATON_MESSAGE.rawValue), repeated: true, packed: false,
      oneof: false, utf8: false)
    let small = Array(repeatElement([0x1a, 0] as [UInt8], count: 200_000).joined())
    let messages = try held(message, small, limit: 1 << 20)
    #expect(messages > chunk && messages <= (1 << 20) + 2 * chunk)
    let bool = baton_field(
      number: 3, slot: 0, type: UInt8(BATON_BOOL.rawValue), repeated: true, packed: true,
      oneof: false, utf8: false)
    let packed = CodecWireField.delimited(3, [UInt8](repeating: 1, count: 1_000_000))
    #expect(try held(bool, packed, limit: 1 << 20) <= 2 * chunk)
  }
}
