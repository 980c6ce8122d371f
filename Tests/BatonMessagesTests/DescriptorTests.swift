import BatonMessages
import CBaton
import CKernelObjects
import Glibc
import SystemPackage
import Testing

@Suite struct DescriptorTests {
  /// How many numbers of this process stand for the object that `descriptor` does.
  private func openCount(_ descriptor: Descriptor) throws -> Int32 {
    let found = try descriptor.describe()
    let name = try #require(found.path)
    return count_open_named(name)
  }

  @Test func `the last copy closes`() throws {
    let (reading, writing) = try Descriptor.pipe()
    var copies: [Descriptor?] = [writing, writing]
    #expect(try openCount(reading) == 2)
    copies[0] = nil
    #expect(try openCount(reading) == 2)
    _ = consume writing
    copies[1] = nil
    #expect(try openCount(reading) == 1)
    #expect(try reading.readToEnd() == [])
  }

  @Test func `a duplicate outlives the original`() throws {
    var file: Descriptor? = try .memory([7], name: "duplicated")
    let duplicate = try #require(try file?.duplicate())
    #expect(try openCount(duplicate) == 2)
    file = nil
    #expect(try openCount(duplicate) == 1)
    #expect(try duplicate.readAll() == [7])
  }

  @Test func `a duplicated number stays its owner's`() throws {
    let own = try Descriptor.memory(name: "stays").take()
    var copy: Descriptor? = try Descriptor(duplicating: own)
    #expect(try openCount(try #require(copy)) == 2)
    copy = nil
    #expect(count_open_named("/memfd:stays (deleted)") == 1)
    try own.close()
  }

  @Test func `what is not open cannot be duplicated`() {
    #expect(throws: Errno.badFileDescriptor) {
      try Descriptor(duplicating: FileDescriptor(rawValue: .max))
    }
  }

  @Test func `the sole owner gives up its own number`() throws {
    let file = try Descriptor.memory(name: "taken")
    let before = file.withFileDescriptor { $0.rawValue }
    let taken = try (consume file).take()
    #expect(taken.rawValue == before)
    #expect(count_open_named("/memfd:taken (deleted)") == 1)
    try taken.close()
    #expect(count_open_named("/memfd:taken (deleted)") == 0)
  }

  @Test func `taking from one copy leaves the others open`() throws {
    let file = try Descriptor.memory([1], name: "shared")
    let copy = file
    let taken = try copy.take()
    #expect(taken.rawValue != file.withFileDescriptor { $0.rawValue })
    try taken.close()
    #expect(try file.readAll() == [1])
    #expect(try openCount(file) == 1)
  }

  @Test func `an error inside a borrow comes out`() throws {
    let file = try Descriptor.memory()
    #expect(throws: Errno.noChildProcess) {
      try file.withFileDescriptor { _ throws(Errno) in throw .noChildProcess }
    }
  }

  @Test func `a duplicate is the same description, a second opening is not`() throws {
    let file = try Descriptor.memory()
    #expect(try file.sameDescription(as: file))
    #expect(try file.sameDescription(as: try file.duplicate()))
    #expect(try !file.sameDescription(as: try file.reopened()))
    #expect(try !file.sameDescription(as: try .memory()))
    let closed = Descriptor(adopting: FileDescriptor(rawValue: .max))
    #expect(throws: Errno.badFileDescriptor) { try file.sameDescription(as: closed) }
    #expect(throws: Errno.badFileDescriptor) { try closed.sameDescription(as: file) }
  }

  @Test func `kcmp gives the same answers where the kernel has no F_DUPFD_QUERY`() throws {
    func compare(_ one: Descriptor, _ other: Descriptor) -> Int32 {
      one.withFileDescriptor { one in
        other.withFileDescriptor { baton_compare_descriptors(one.rawValue, $0.rawValue) }
      }
    }
    let file = try Descriptor.memory()
    #expect(compare(file, try file.duplicate()) == 1)
    #expect(compare(file, try file.reopened()) == 0)
    #expect(
      compare(file, Descriptor(adopting: FileDescriptor(rawValue: .max)))
        == -Errno.badFileDescriptor.rawValue)
  }

  @Test func `an executed program inherits none of them`() throws {
    try withTemporaryDirectory { path in
      let directory = try Descriptor.open(path, options: .directory)
      let file = try Descriptor.open(
        path.appending("file"), access: .readWrite, options: .create)
      let memory = try Descriptor.memory(name: "\(path.lastComponent!)")
      let (pipe, sockets) = (try Descriptor.pipe(), try Descriptor.socketPair())
      let made = [
        directory, file, memory, pipe.reading, pipe.writing, sockets.0, sockets.1,
        try file.duplicate(), try file.reopened(),
        try .open("file", beneath: directory, options: .pathOnly),
      ]
      let inherited = try output(of: ["/bin/ls", "-l", "/proc/self/fd"])
      #expect(inherited.contains("-> "))
      for descriptor in made {
        let found = try descriptor.describe()
        let name = try #require(found.path)
        #expect(!inherited.contains("-> \(name)\n"))
      }
    }
  }

  /// What `command` writes to its standard output, which is a pipe; posix_spawn(3).
  private func output(of command: [String]) throws -> String {
    let (reading, writing) = try Descriptor.pipe()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    _ = writing.withFileDescriptor {
      posix_spawn_file_actions_adddup2(&actions, $0.rawValue, STDOUT_FILENO)
    }
    var arguments = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    try #require(posix_spawn(&child, command[0], &actions, nil, &arguments, environ) == 0)
    _ = consume writing
    let text = try reading.readTextToEnd()
    var status: Int32 = 0
    #expect(waitpid(child, &status, 0) == child)
    #expect(status == 0)
    return text
  }

  /// In a process of its own, where no other test opens anything. The dispatch library does, a few
  /// at a time of its own choosing: what leaks once a round stands out from them.
  @Test func `every object is closed again, whatever became of its check`() async {
    await #expect(processExitsWith: .success) {
      let samples = DescriptorSample.available
      let rounds: Int32 = 20
      let before = count_open()
      for _ in 0..<rounds {
        for sample in samples { try Self.use(sample) }
      }
      #expect(before > 0)
      #expect(count_open() - before < rounds)
    }
  }

  private static func use(_ sample: DescriptorSample) throws {
    let descriptor = try sample.make()
    for kind in DescriptorKind.allCases {
      try? DescriptorContract(kind: kind, access: .readWrite).check(descriptor)
    }
    _ = try? descriptor.describe()
    try descriptor.duplicate().take().close()
    _ = try? descriptor.reopened(options: .nonBlocking)
    _ = try? descriptor.readAll(limit: 0)
    _ = try? Descriptor.open("..", beneath: descriptor)
  }
}
