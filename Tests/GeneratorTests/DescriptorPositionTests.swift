import BatonMessages
import Foundation
import GoldenTypes
import SystemPackage
import Testing

@Suite struct DescriptorPositionTests {
  @Test func `descriptors travel in every position a field can have`() throws {
    var message = Descriptors(
      any: try open("a"), input: try open("b"), output: try pipe().write,
      list: [try open("c", .readWrite), try open("d", .readWrite)], named: ["x": try open("e")],
      source: .file(try open("f")))
    message.nested = Descriptors(input: try open("g"))
    message.holders = []
    let received = try pass(message)
    #expect(try received.any.map(content) == "a")
    #expect(try content(received.input) == "b")
    #expect(received.output != nil)
    #expect(try received.list.map(content) == ["c", "d"])
    #expect(try received.named.mapValues(content) == ["x": "e"])
    guard case .file(let file) = received.source else { throw Missing() }
    #expect(try content(file) == "f")
    #expect(try (received.nested?.input).map(content) == "g")
    #expect(received.nested?.any == nil)
  }

  @Test func `a map's value that lacks its required descriptor is refused`() throws {
    let entry: [UInt8] = [0x0a, 2, 0x08, 1]
    #expect {
      try HolderMap(decoding: entry)
    } throws: { error in
      "\(error)".contains("holders[0]") && "\(error)".contains("expected a descriptor, got none")
    }
  }

  @Test func `messages that may hold a descriptor are not hashable, all others are`() {
    #expect(!isHashable(Descriptors.self))
    #expect(!isHashable(Descriptors.Holder.self))
    #expect(!isHashable(HolderMap.self))
    #expect(isHashable(Tree.self))
    #expect(isHashable(Choices.Choice.self))
  }

  private func isHashable<T>(_ type: T.Type) -> Bool { type is any Hashable.Type }

  private struct Missing: Error {}

  private func pass<M: Message>(_ message: M) throws -> M {
    let encoded = try message.encoded()
    let numbers = try encoded.descriptors.map { try $0.duplicate().take().rawValue }
    var table = ReceivedDescriptors()
    numbers.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      table = ReceivedDescriptors(adopting: start, count: buffer.count)
    }
    return try M(decoding: encoded.bytes, descriptors: &table)
  }

  private func open(_ text: String, _ mode: FileDescriptor.AccessMode = .readWrite) throws
    -> Descriptor
  {
    let folder = try TemporaryFolder()
    let file = try FileDescriptor.open(
      FilePath(folder.url.path).appending("file"), mode, options: .create,
      permissions: .ownerReadWrite)
    try file.writeAll(text.utf8)
    return Descriptor(adopting: file)
  }

  private func pipe() throws -> (read: Descriptor, write: Descriptor) {
    let ends = try FileDescriptor.pipe()
    return (Descriptor(adopting: ends.readEnd), Descriptor(adopting: ends.writeEnd))
  }

  private func content(_ descriptor: Descriptor) throws -> String {
    try descriptor.withFileDescriptor { file in
      var bytes = [UInt8](repeating: 0, count: 16)
      let count = try bytes.withUnsafeMutableBytes {
        try file.read(fromAbsoluteOffset: 0, into: $0)
      }
      return String(decoding: bytes[..<count], as: UTF8.self)
    }
  }
}
