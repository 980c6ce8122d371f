import BatonMessages
import CKernelObjects
import SystemPackage
import Testing

@Suite struct DescriptorMakingTests {
  @Test func `memory holds its bytes, and its offset is zero`() throws {
    let memory = try Descriptor.memory([1, 2, 3], name: "bytes")
    #expect(try memory.readToEnd() == [1, 2, 3])
    #expect(try memory.describe().path == "/memfd:bytes (deleted)")
    #expect(try memory.seals.isDisjoint(with: [.seal, .write, .shrink, .grow]))
    try memory.write([9], at: 0)
    #expect(try memory.readAll() == [9, 2, 3])
  }

  @Test func `a name that is too long is refused`() {
    #expect(throws: Errno.invalidArgument) {
      try Descriptor.memory(name: String(repeating: "n", count: 250))
    }
  }

  @Test func `sealed memory stays as it is`() throws {
    let memory = try Descriptor.memory([1, 2, 3], sealed: true)
    #expect(throws: Errno.notPermitted) { try memory.write([9], at: 0) }
    #expect(throws: Errno.notPermitted) {
      try memory.reopened(access: .writeOnly).write([9], at: 0)
    }
    for size: Int64 in [0, 100] {
      #expect(throws: Errno.notPermitted) {
        try memory.withFileDescriptor { try $0.resize(to: size) }
      }
    }
    #expect(throws: Errno.notPermitted) { try memory.add(.futureWrite) }
    #expect(try memory.readAll() == [1, 2, 3])
  }

  @Test func `a writable mapping keeps memory from being sealed against writing`() throws {
    let memory = try Descriptor.memory([1])
    let page = memory.withFileDescriptor { map_page($0.rawValue) }
    #expect(page != nil)
    #expect(throws: Errno.resourceBusy) { try memory.add(.write) }
    unmap_page(page)
    try memory.add(.write)
    #expect(try memory.seals.contains(.write))
  }

  @Test func `only memory has seals`() throws {
    let file = try Descriptor.open("/etc/passwd")
    #expect(throws: Errno.invalidArgument) { try file.seals }
    #expect(throws: Errno.self) { try file.add(.write) }
  }

  @Test func `what is written to one end of a pipe is read from the other`() throws {
    let (reading, writing) = try Descriptor.pipe()
    #expect(try writing.withFileDescriptor { try $0.writeAll([1, 2]) } == 2)
    _ = consume writing
    #expect(try reading.readToEnd() == [1, 2])
  }

  @Test(arguments: Descriptor.SocketType.allCases)
  func `the sockets of a pair are connected`(_ type: Descriptor.SocketType) throws {
    let (one, other) = try Descriptor.socketPair(type)
    #expect(try one.withFileDescriptor { try $0.writeAll([1, 2]) } == 2)
    try withUnsafeTemporaryAllocation(byteCount: 8, alignment: 1) { buffer throws in
      #expect(try other.read(into: buffer) == 2)
      #expect(buffer[0] == 1 && buffer[1] == 2)
    }
  }
}
