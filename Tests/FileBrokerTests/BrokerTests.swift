import Baton
import BatonMessages
import CKernelObjects
import Glibc
import SystemPackage
import Testing

/// The example as its callers know it: a child process on a socket pair.
@Suite(.timeLimit(.minutes(1))) struct BrokerTests {
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

  @Test func `what is no regular file below the root is refused by name`() async throws {
    try await withBroker { root, broker in
      #expect(mkdir("\(root)/directory", 0o700) == 0)
      try Descriptor.open(root.appending("notes"), access: .writeOnly, options: .create)
        .write(Array("one two".utf8), at: 0)
      #expect(root.appending("fifo").withPlatformString(make_fifo) == 0)
      #expect(symlink("/etc/passwd", "\(root)/link") == 0)
      let refused: [(String, RPCError.Code, String)] = [
        ("../etc/passwd", .permissionDenied, "below the root, got ../etc/passwd"),
        ("/etc/passwd", .permissionDenied, "below the root, got /etc/passwd"),
        ("link", .permissionDenied, "below the root, got link"),
        ("none", .notFound, "none: No such file"),
        ("", .invalidArgument, "expected the path of a file, without NUL, got \"\""),
        (String(repeating: "a", count: 100_000), .invalidArgument, "aaa…: File name too long"),
        ("notes/", .failedPrecondition, "notes/: Not a directory"),
        ("directory/", .failedPrecondition, "at directory/, got a directory open for reading"),
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
