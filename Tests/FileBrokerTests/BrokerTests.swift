import Baton
import BatonMessages
import CKernelObjects
import Glibc
import SystemPackage
import Testing

/// The example as its callers know it: a child process on a socket pair.
@Suite(.timeLimit(.minutes(1))) struct BrokerTests {
  private func withBroker(
    _ body: (_ root: FilePath, _ broker: Connection) async throws -> Void
  ) async throws {
    var template = Array("/tmp/baton-broker-XXXXXX".utf8CString)
    let root = FilePath(platformString: try #require(mkdtemp(&template)))
    defer { root.withPlatformString(remove_tree) }
    // The test's own program lies among the build's products.
    let own = try Descriptor.open("/proc/self/exe", options: .pathOnly).describe()
    let products = FilePath(try #require(own.path)).removingLastComponent()
    let program = products.appending("file-broker")
    let broker = try await Connection.connect(
      to: Address("exec:'\(program)' --root '\(root)'"))
    try await body(root, broker)
    broker.close()
  }

  @Test func `a caller gets the open file, for reading, and its size`() async throws {
    try await withBroker { root, broker in
      try Descriptor.open(root.appending("notes"), access: .writeOnly, options: .create)
        .write(Array("one two".utf8), at: 0)
      let reply = try await broker.call(BrokerMethods.open, OpenRequest(path: "./notes"))
      #expect(reply.size == 7)
      #expect(try reply.file.describe().access == .read)
      #expect(try reply.file.readTextToEnd() == "one two")
    }
  }

  @Test func `a caller is told what changes, and gets the changed files`() async throws {
    try await withBroker { root, broker in
      var seen: [String] = []
      let events = broker.serverStream(BrokerMethods.watch, OpenRequest(path: ""))
      var changes = events.makeAsyncIterator()
      // The watch stands when the broker says so, which is before any other answer of it.
      while (try? await broker.call(BrokerMethods.open, OpenRequest(path: "none"))) != nil {}
      let path = root.appending("note")
      try Descriptor.open(path, access: .writeOnly, options: .create)
        .write(Array("one".utf8), at: 0)
      while seen.last != "2 note" {
        let event = try #require(try await changes.next())
        seen.append("\(event.kind) \(event.path)")
        if event.kind == 2 { #expect(try event.file?.readTextToEnd() == "one") }
      }
      #expect(unlink(path.string) == 0)
      let last = try #require(try await changes.next())
      #expect(seen == ["1 note", "2 note"])
      #expect(last.kind == 3 && last.file == nil)
    }
  }

  @Test func `watching what is no directory below the root is refused`() async throws {
    try await withBroker { root, broker in
      for path in ["../", "none"] {
        let error = await #expect(throws: RPCError.self) {
          for try await _ in broker.serverStream(BrokerMethods.watch, OpenRequest(path: path)) {}
        }
        #expect(error?.origin == .peer && error?.message.contains(path) == true)
      }
    }
  }

  @Test func `what is no regular file below the root is refused by name`() async throws {
    try await withBroker { root, broker in
      #expect(mkdir("\(root)/directory", 0o700) == 0)
      #expect(root.appending("fifo").withPlatformString(make_fifo) == 0)
      #expect(symlink("/etc/passwd", "\(root)/link") == 0)
      let refused: [(String, RPCError.Code, String)] = [
        ("../etc/passwd", .permissionDenied, "below the root, got ../etc/passwd"),
        ("/etc/passwd", .permissionDenied, "below the root, got /etc/passwd"),
        ("link", .permissionDenied, "below the root, got link"),
        ("none", .notFound, "none: No such file"),
        ("", .notFound, "No such file"),
        ("directory", .failedPrecondition, "at directory, got a directory open for reading"),
        ("fifo", .failedPrecondition, "at fifo, got a pipe open for reading"),
        ("link\0", .invalidArgument, "without NUL"),
      ]
      for (path, code, part) in refused {
        let error = await #expect(throws: RPCError.self) {
          try await broker.call(BrokerMethods.open, OpenRequest(path: path))
        }
        #expect(error?.code == code, "\(path)")
        #expect(error?.message.contains(part) ?? false, "\(error?.message ?? "")")
        #expect(error?.origin == .peer)
      }
    }
  }

  @Test func `lines, words and bytes of each file come in the request's order`() async throws {
    try await withBroker { _, broker in
      let text = try Descriptor.memory(Array("one two\n three\n".utf8), sealed: true)
      let large = try Descriptor.memory(Array(repeating: UInt8(ascii: "x"), count: 200_000))
      let (reading, writing) = try Descriptor.pipe()
      try writing.withFileDescriptor { _ = try $0.writeAll("a\tb".utf8) }
      _ = consume writing
      let reply = try await broker.call(
        BrokerMethods.count, CountRequest(files: [text, large, reading]))
      #expect(
        reply.counts == [
          Counts(lines: 2, words: 3, bytes: 15), Counts(lines: 0, words: 1, bytes: 200_000),
          Counts(lines: 0, words: 2, bytes: 3),
        ])
    }
  }

  @Test func `a file that cannot be read is named`() async throws {
    try await withBroker { root, broker in
      let directory = try Descriptor.open(root, options: .directory)
      let files = [try Descriptor.memory(), directory]
      let error = await #expect(throws: RPCError.self) {
        try await broker.call(BrokerMethods.count, CountRequest(files: files))
      }
      #expect(error?.code == .failedPrecondition)
      #expect(error?.message == "files[1]: Is a directory")
    }
  }
}
