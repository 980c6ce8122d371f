import BatonMessages
import CKernelObjects
import SystemPackage
import Testing

/// A message with a descriptor field of every cardinality, written by hand.
private struct Files: Message {
  var input: Descriptor
  var log: Descriptor?
  var more: [Descriptor] = []
  var unknownFields = UnknownFields()

  static let layout: MessageLayout = MessageLayout(
    "test.Files",
    [
      FieldLayout(
        1, "input", .descriptor(.init(kind: .regularFile, access: .read, required: true))),
      FieldLayout(2, "log", .descriptor(.init(access: .write))),
      FieldLayout(3, "more", .descriptor(.init(kind: .pipe)), .repeated),
    ])

  init(input: Descriptor, log: Descriptor? = nil, more: [Descriptor] = []) {
    self.input = input
    self.log = log
    self.more = more
  }

  init(from fields: inout FieldReader) throws(CodecError) {
    input = try fields.requiredDescriptor(0)
    log = try fields.descriptor(1)
    more = try fields.repeatedDescriptor(2)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    try fields.descriptor(0, input)
    try fields.descriptor(1, log)
    try fields.repeatedDescriptor(2, more)
    fields.unknown(unknownFields)
  }
}

/// A message with descriptor fields in places where a path has more than one step.
private struct Folder: Message {
  var files: Files?
  var folders: [Folder] = []
  /// One of two members.
  var second: Descriptor?
  var unknownFields = UnknownFields()

  static let layout: MessageLayout = MessageLayout(
    "test.Folder",
    [
      FieldLayout(1, "files", .message { Files.layout }, .optional),
      FieldLayout(2, "folders", .message { Folder.layout }, .repeated),
      FieldLayout(3, "first", .descriptor(DescriptorContract()), .oneof(0)),
      FieldLayout(4, "second", .descriptor(DescriptorContract()), .oneof(0)),
    ])

  init(files: Files? = nil, folders: [Folder] = [], second: Descriptor? = nil) {
    self.files = files
    self.folders = folders
    self.second = second
  }

  init(from fields: inout FieldReader) throws(CodecError) {
    files = try fields.message(0)
    folders = try fields.repeatedMessage(1)
    second = try fields.descriptor(2)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    try fields.message(0, files)
    try fields.repeatedMessage(1, folders)
    try fields.descriptor(2, second, mark: 4)
    fields.unknown(unknownFields)
  }
}

@Suite struct DescriptorFieldTests {
  @Test func `the field of a descriptor's place is found wherever it is`() throws {
    let (reading, writing) = try Descriptor.pipe()
    let files = try Files(input: .memory([1]), more: [reading, writing])
    let packed = try Folder(
      files: files, folders: [Folder(), Folder(files: files, second: reading)], second: writing
    ).pack()
    #expect(
      (0...9).map { packed.path(ofDescriptor: $0) } == [
        nil, "files.input", "files.more[0]", "files.more[1]", "folders[1].files.input",
        "folders[1].files.more[0]", "folders[1].files.more[1]", "folders[1].second", "second", nil,
      ])
  }

  private func decode(_ bytes: [UInt8], with descriptors: [Descriptor]) throws -> Files {
    var received = try ReceivedDescriptors(duplicating: descriptors)
    return try Files(decoding: bytes, descriptors: &received)
  }

  @Test func `descriptors survive the wire, each in its field`() throws {
    let (reading, writing) = try Descriptor.pipe()
    let files = Files(input: try .memory([1]), log: writing, more: [reading, writing])
    let encoded = try files.encoded()
    #expect(encoded.bytes == [0x08, 1, 0x10, 2, 0x1a, 2, 3, 4])
    let decoded = try decode(encoded.bytes, with: encoded.descriptors)
    #expect(try decoded.input.sameDescription(as: files.input))
    #expect(try decoded.log?.sameDescription(as: writing) == true)
    #expect(try decoded.more[0].sameDescription(as: reading))
    #expect(try decoded.more[1].sameDescription(as: writing))
  }

  @Test func `a descriptor that breaks its contract is not sent`() throws {
    let (reading, writing) = try Descriptor.pipe()
    let memory = try Descriptor.memory()
    let wrong: [(Files, CodecError)] = [
      (
        Files(input: writing),
        CodecError(
          .descriptor, "expected a regular file open for reading, got a pipe open for writing",
          path: "input")
      ),
      (
        Files(input: memory, log: reading),
        CodecError(
          .descriptor, "expected a descriptor open for writing, got a pipe open for reading",
          path: "log")
      ),
      (
        Files(input: memory, more: [reading, try .open("/etc/passwd")]),
        CodecError(
          .descriptor, "expected a pipe, got a regular file open for reading", path: "more[1]")
      ),
    ]
    for (files, error) in wrong {
      #expect(throws: error) { try files.encoded() }
    }
  }

  @Test func `a descriptor that breaks its contract is refused on receipt and closed`() throws {
    let (reading, writing) = try Descriptor.pipe()
    #expect(
      throws: CodecError(
        .descriptor, "expected a regular file open for reading, got a pipe open for writing",
        path: "input")
    ) { try decode([0x08, 1], with: [writing]) }
    _ = consume writing
    #expect(try reading.readToEnd() == [])
  }

  @Test func `a place is used once, exists, and leaves none over`() throws {
    let (reading, writing) = try Descriptor.pipe()
    let memory = try Descriptor.memory()
    let wrong: [([UInt8], [Descriptor], String, String)] = [
      ([], [], "expected a descriptor, got none", "input"),
      ([0x08, 0], [], "expected a descriptor, got none", "input"),
      (
        [0x08, 1], [],
        "expected a descriptor's place from 1 to 0, as many came with the message; got 1",
        "input"
      ),
      (
        [0x08, 1, 0x10, 3], [memory, writing],
        "expected a descriptor's place from 1 to 2, as many came with the message; got 3", "log"
      ),
      (
        [0x08, 1, 0x10, 1], [memory],
        "descriptor 1 is used by two fields; each may be used once", "log"
      ),
      (
        [0x08, 1], [memory, writing], "1 of the 2 descriptors that came are named by no field", ""
      ),
    ]
    for (bytes, descriptors, message, path) in wrong {
      #expect(throws: CodecError(.descriptor, message, path: path)) {
        try decode(bytes, with: descriptors)
      }
    }
    _ = consume writing
    _ = reading
  }

  @Test func `a descriptor of a newer sender's field is closed, not refused`() throws {
    let (reading, writing) = try Descriptor.pipe()
    let files = try decode([0x08, 1, 0x48, 2], with: [.memory([7]), writing])
    _ = consume writing
    #expect(try reading.readToEnd() == [])
    #expect(try files.input.readAll() == [7])
  }
}

@Suite struct ReceivedDescriptorsTests {
  @Test(arguments: [0, 1, 4, 5, 16, 253])
  func `a table closes what nobody claims`(_ count: Int) throws {
    let memory = try Descriptor.memory(name: "received \(count)")
    let name = "/memfd:received \(count) (deleted)"
    do {
      let received = try ReceivedDescriptors(
        duplicating: Array(repeating: memory, count: count))
      #expect(received.count == count)
      #expect(received.unclaimedCount == count)
      #expect(count_open_named(name) == Int32(count + 1))
    }
    #expect(count_open_named(name) == 1)
  }

  @Test func `a second packet's descriptors get the next places`() throws {
    var received = ReceivedDescriptors()
    for byte in UInt8(1)...9 {
      var number = try Descriptor.memory([byte]).take().rawValue
      received.adopt(&number, count: 1)
    }
    #expect(received.count == 9)
    let files = try Files(
      decoding: [0x08, 9, 0x10, 2, 0x48, 1], descriptors: &received)
    #expect(try files.input.readAll() == [9])
    #expect(try files.log?.readAll() == [2])
    #expect(received.unclaimedCount == 7)
  }

  @Test func `a table that cannot be filled closes what it has`() throws {
    let memory = try Descriptor.memory(name: "half filled")
    let closed = Descriptor(adopting: FileDescriptor(rawValue: .max))
    #expect(throws: Errno.badFileDescriptor) {
      _ = try ReceivedDescriptors(duplicating: [memory, memory, closed])
    }
    #expect(count_open_named("/memfd:half filled (deleted)") == 1)
  }
}
