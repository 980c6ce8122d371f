import BatonMessages
import CKernelObjects
import SystemPackage
import Testing

@Suite struct DescriptorContractTests {
  @Test(arguments: DescriptorSample.available)
  func `an object meets the contracts of its kinds and of no other`(
    _ sample: DescriptorSample
  ) throws {
    let descriptor = try sample.make()
    for kind in DescriptorKind.allCases {
      let contract = DescriptorContract(kind: kind)
      if sample.kinds.contains(kind) {
        #expect(throws: Never.self) { try contract.check(descriptor) }
      } else {
        let error = #expect(throws: CodecError.self) { try contract.check(descriptor) }
        #expect(error?.kind == .descriptor)
        #expect(error?.message.hasPrefix("expected \(contract), got ") ?? false)
      }
    }
  }

  @Test(arguments: DescriptorSample.available)
  func `an object is described by its narrowest kind`(_ sample: DescriptorSample) throws {
    #expect(try sample.make().describe().kind == sample.kinds[0])
  }

  @Test(
    .enabled(if: DescriptorSample.hasBlockDevice, "no block device that this user may open"))
  func `a block device is told from a character device`() throws {
    let device = try DescriptorSample.blockDevice.make()
    let error = #expect(throws: CodecError.self) {
      try DescriptorContract(kind: .characterDevice).check(device)
    }
    #expect(
      error?.message == "expected a character device, got a block device open for reading")
  }

  @Test(.enabled(if: DescriptorSample.hasDmabuf, "no /dev/udmabuf that this user may open"))
  func `a dma-buf is told from memory`() throws {
    let buffer = try DescriptorSample.dmabuf.make()
    try DescriptorContract(kind: .dmabuf).check(buffer)
    #expect(throws: CodecError.self) { try DescriptorContract(kind: .memory).check(buffer) }
  }

  @Test(
    .enabled(if: DescriptorSample.hasSecretMemory, "no memfd_secret(2) on this kernel"))
  func `secret memory is a regular file that has no seals`() throws {
    #expect(try DescriptorSample.secretMemory.make().describe().seals == nil)
  }

  @Test func `both ends of a pseudoterminal are terminals, and stay so when the other is gone`()
    throws
  {
    var terminal: Int32 = -1
    let controller = try DescriptorSample.adopt(make_terminal(&terminal))
    let other = try DescriptorSample.adopt(terminal)
    #expect(try controller.describe().kind == .terminal)
    #expect(try other.describe().kind == .terminal)
    _ = consume controller
    #expect(try other.describe().kind == .terminal)
  }

  @Test func `a violation names what was expected and what came`() throws {
    let (reading, writing) = try Descriptor.pipe()
    let regular = DescriptorContract(kind: .regularFile, access: .read)
    #expect(
      throws: CodecError(
        .descriptor, "expected a regular file open for reading, got a pipe open for writing")
    ) { try regular.check(writing) }
    #expect(
      throws: CodecError(
        .descriptor, "expected a descriptor open for writing, got a pipe open for reading")
    ) { try DescriptorContract(access: .write).check(reading) }
  }

  @Test func `an object without a kind is named as the kernel names it`() throws {
    let error = #expect(throws: CodecError.self) {
      try DescriptorContract(kind: .event).check(try DescriptorSample.inotify.make())
    }
    #expect(
      error?.message
        == "expected an eventfd, got an object of no kind that schemas know (anon_inode:inotify) open for reading"
    )
  }

  @Test(
    arguments: [
      (FileDescriptor.AccessMode.readOnly, [DescriptorAccess.any, .read]),
      (.writeOnly, [.any, .write]),
      (.readWrite, [.any, .read, .write, .readWrite]),
    ])
  func `the access mode decides which contracts a file meets`(
    _ mode: FileDescriptor.AccessMode, _ met: [DescriptorAccess]
  ) throws {
    try withTemporaryDirectory { directory in
      let file = try Descriptor.open(
        directory.appending("file"), access: mode, options: .create)
      for access in DescriptorAccess.allCases {
        for kind in [DescriptorKind.any, .regularFile] {
          let meets = (try? DescriptorContract(kind: kind, access: access).check(file)) != nil
          #expect(meets == met.contains(access), "\(kind) \(access)")
        }
      }
      #expect(try file.describe().access == met.last)
    }
  }

  @Test(arguments: [
    DescriptorSample.streamSocket, .event, .timer, .signal, .epoll, .process, .memory, .terminal,
  ])
  func `an object that has no access mode of its own reads and writes`(
    _ sample: DescriptorSample
  ) throws {
    let descriptor = try sample.make()
    try DescriptorContract(kind: sample.kinds[0], access: .readWrite).check(descriptor)
    #expect(try descriptor.describe().access == .readWrite)
  }

  @Test(arguments: [DescriptorSample.pathToFile, .pathToDirectory])
  func `a descriptor opened with O_PATH gives no access`(_ sample: DescriptorSample) throws {
    let descriptor = try sample.make()
    #expect(try descriptor.describe().access == .any)
    for kind in [DescriptorKind.any, .pathOnly, .directory, .regularFile] {
      #expect(throws: CodecError.self) {
        try DescriptorContract(kind: kind, access: .read).check(descriptor)
      }
    }
  }

  @Test func `a directory opened for reading reads`() throws {
    let directory = try DescriptorSample.directory.make()
    try DescriptorContract(kind: .directory, access: .read).check(directory)
    #expect(throws: CodecError.self) {
      try DescriptorContract(kind: .directory, access: .write).check(directory)
    }
  }

  @Test func `access mode 3 neither reads nor writes`() throws {
    let device = try DescriptorSample.adopt(open_for_ioctl("/dev/null"))
    try DescriptorContract(kind: .characterDevice).check(device)
    #expect(throws: CodecError.self) { try DescriptorContract(access: .read).check(device) }
    #expect(try device.describe().access == .any)
  }

  @Test func `memory that is sealed against writing does not write`() throws {
    let memory = try Descriptor.memory([1, 2], sealed: true)
    try DescriptorContract(kind: .memory, access: .read).check(memory)
    for kind in [DescriptorKind.any, .memory, .regularFile] {
      let error = #expect(throws: CodecError.self) {
        try DescriptorContract(kind: kind, access: .write).check(memory)
      }
      #expect(error?.message.contains("got memory open for reading, sealed (") ?? false)
    }
  }

  @Test func `a contract that asks for nothing does not look`() throws {
    let closed = Descriptor(adopting: FileDescriptor(rawValue: .max))
    try DescriptorContract().check(closed)
    let error = #expect(throws: CodecError.self) {
      try DescriptorContract(access: .read).check(closed)
    }
    #expect(error?.message.contains("Bad file descriptor") ?? false)
  }

  @Test func `a description holds size, name and seals`() throws {
    let memory = try Descriptor.memory([1, 2, 3], name: "three bytes", sealed: true)
    let found = try memory.describe()
    #expect(found.size == 3)
    #expect(found.path == "/memfd:three bytes (deleted)")
    #expect(found.seals?.isSuperset(of: [.write, .shrink, .grow, .seal]) ?? false)
    let file = try Descriptor.open("/etc/passwd").describe()
    #expect(file.path == "/etc/passwd")
    #expect(file.seals == nil)
    #expect(try Descriptor.pipe().reading.describe().size == nil)
  }
}
