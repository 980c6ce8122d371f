import Foundation
import Glibc
import Testing

/// What becomes of replies when the time of `--timeout` is over and the server had ended its stream
/// in time.
@Suite(.timeLimit(.minutes(2))) struct LateOutputTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
  }

  private func makeFIFOs(_ names: String...) throws {
    for name in names { try #require(mkfifo(scratch.path(name), 0o600) == 0) }
  }

  private func start(
    _ belt: RunningBelt, _ method: String, _ request: String, _ options: String...,
    output: FileHandle? = nil
  ) throws -> Tool {
    try Tool(
      Tool.product("baton"),
      ["call", belt.address, "shelf.v1.Belt/\(method)", request, "--timeout", "8s"] + options,
      directory: scratch.url, output: output)
  }

  /// Waits for another command with as much time, which is over later.
  private func waitForTimeout(_ belt: RunningBelt) async throws {
    let later = try await belt.call("Drip", "--timeout", "8s")
    #expect(later.status == 4)
  }

  /// Opens when a command opens the other end.
  private func meet(_ name: String, _ flags: Int32) async -> FileHandle {
    let path = scratch.path(name)
    let number = await elsewhere { open(path, flags | O_CLOEXEC) }
    return FileHandle(fileDescriptor: number, closeOnDealloc: true)
  }

  @Test(arguments: [
    ("Deal", #"{"texts": ["one"]}"#),
    // The next request is still being opened, and nobody wants it.
    ("First", "{\"content\": \"text:one\"}\n{\"content\": \"r:never\"}"),
  ])
  func `the command of --exec runs to its end`(method: String, request: String) async throws {
    try makeFIFOs("started", "release", "never")
    try await RunningBelt.run { belt in
      let baton = try start(
        belt, method, request, "--exec", "--", "sh", "-c",
        #"read -r line < started; read -r line < release; echo "$line""#)
      let started = await meet("started", O_WRONLY)
      try started.write(contentsOf: Data("\n".utf8))
      try await waitForTimeout(belt)
      // Open for both, so that it does not wait for a command that was ended.
      let release = try scratch.open("release", O_RDWR)
      try release.write(contentsOf: Data("late\n".utf8))
      let result = try await baton.finish()
      #expect(result.text == "late\n")
      #expect(result.errors == "")
      #expect(result.status == 0)
    }
  }

  @Test func `--save saves to the end`() async throws {
    try makeFIFOs("item-1", "item-2")
    try await RunningBelt.run { belt in
      let baton = try start(
        belt, "Deal", #"{"texts": ["one", "two"]}"#, "--save", "items[0].content=item-{n}")
      let first = await meet("item-1", O_RDONLY)
      try await waitForTimeout(belt)
      let second = try scratch.open("item-2", O_RDWR | O_NONBLOCK)
      let result = try await baton.finish()
      var bytes = [UInt8](repeating: 0, count: 16)
      #expect(read(first.fileDescriptor, &bytes, 16) == 3)
      #expect(read(second.fileDescriptor, &bytes, 16) == 3)
      #expect(bytes.starts(with: "two".utf8))
      #expect(result.text.split(separator: "\n").count == 2)
      #expect(result.errors == "")
      #expect(result.status == 0)
    }
  }

  @Test func `replies are printed to the end`() async throws {
    try makeFIFOs("output")
    // More than a pipe holds.
    let text = String(repeating: "x", count: 100_000)
    try await RunningBelt.run { belt in
      let reading = try scratch.open("output", O_RDONLY | O_NONBLOCK)
      let writing = try scratch.open("output", O_WRONLY)
      try #require(fcntl(reading.fileDescriptor, F_SETFL, 0) == 0)
      let baton = try start(belt, "Deal", #"{"texts": ["\#(text)"]}"#, output: writing)
      try writing.close()
      let beginning = await elsewhere { reading.availableData }
      try await waitForTimeout(belt)
      let rest = try await elsewhere { Result { try reading.readToEnd() } }.get() ?? Data()
      let result = try await baton.finish()
      #expect((beginning + rest).count > text.utf8.count)
      #expect((beginning + rest).last == UInt8(ascii: "\n"))
      #expect(result.errors == "")
      #expect(result.status == 0)
    }
  }
}
