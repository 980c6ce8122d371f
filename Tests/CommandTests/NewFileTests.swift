import BatonCommand
import BatonMessages
import Foundation
import Glibc
import Testing

/// New files that a request has several names for, or that several commands make at once.
@Suite(.timeLimit(.minutes(2))) struct NewFileTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
  }

  // MARK: Commands

  private func start(_ files: String...) throws -> Tool {
    let list = files.map { "\"\($0)\"" }.joined(separator: ", ")
    return try Tool(
      Tool.product("baton"),
      ["call", Tool.broker(), "files.v1.FileBroker/Count", #"{"files": [\#(list)]}"#],
      directory: scratch.url)
  }

  /// Opens a FIFO when a command does.
  private func meet(_ name: String) async -> FileHandle {
    let path = scratch.path(name)
    let number = await elsewhere { open(path, O_WRONLY | O_CLOEXEC) }
    return FileHandle(fileDescriptor: number, closeOnDealloc: true)
  }

  /// Expects that `command` has the new file open so many times, and no other without a name, while
  /// its server reads `gate`.
  private func expect(
    _ count: Int, in command: Tool, _ gate: FileHandle,
    _ location: SourceLocation = #_sourceLocation
  ) async throws {
    // More than a pipe holds: the server reads, which has been called.
    try await elsewhere { Result { try gate.write(contentsOf: Data(count: 100_000)) } }.get()
    var new = stat()
    try #require(stat(scratch.path("new.txt"), &new) == 0, sourceLocation: location)
    let folder = "/proc/\(command.processID)/fd"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { number in
      var file = stat()
      return stat("\(folder)/\(number)", &file) == 0 ? file : nil
    }
    #expect(files.filter { $0.st_ino == new.st_ino && $0.st_dev == new.st_dev }.count == count)
    #expect(files.allSatisfy { $0.st_nlink > 0 || $0.st_dev != new.st_dev })
    try gate.close()
    let result = try await command.finish()
    #expect(result.errors == "", sourceLocation: location)
    #expect(result.status == 0, sourceLocation: location)
  }

  @Test func `commands that make one new file at once get the same file`() async throws {
    let commands = try (0..<2).map { number in
      for name in ["opened", "gate"] {
        try #require(mkfifo(scratch.path("\(name)-\(number)"), 0o600) == 0)
      }
      return try start("rw:new.txt", "r:opened-\(number)", "r:gate-\(number)")
    }
    // First both have found no file, and then both make it.
    for number in commands.indices { try await meet("opened-\(number)").close() }
    #expect(access(scratch.path("new.txt"), F_OK) != 0)
    for (number, command) in commands.enumerated() {
      try await expect(1, in: command, await meet("gate-\(number)"))
    }
  }

  @Test func `a request that names one new file in two ways gets the same file`() async throws {
    try #require(mkfifo(scratch.path("gate"), 0o600) == 0)
    let command = try start(
      "rw:new.txt", "rw:./new.txt", "rw:./new.txt", "r:new.txt", "r:gate")
    try await expect(4, in: command, await meet("gate"))
  }

  // MARK: What is written

  /// Opens the sources as one request does.
  private func sources(_ forms: String...) throws -> [OpenedSource] {
    try forms.reduce(into: []) { opened, form in
      let parts = form.split(separator: ":")
      let source = try DescriptorSource("\(parts[0]):\(scratch.url.path)/\(parts[1])")
      opened.append(try source.open(opened))
    }
  }

  private func write(_ text: String, _ opened: OpenedSource) throws {
    try opened.descriptor.write(Array(text.utf8), at: 0)
  }

  @Test func `nothing is lost that is written by any name`() throws {
    let opened = try sources("w:new.txt", "a:./new.txt", "a:./new.txt", "a:new.txt")
    for one in opened { try one.name() }
    for one in opened { try one.empty() }
    for (number, one) in opened.enumerated() { try write("\(number)", one) }
    #expect(try scratch.content("new.txt") == "0123")
  }

  @Test func `a file that somebody makes meanwhile is taken by every name`() throws {
    let opened = try sources("a:new.txt", "a:new.txt", "a:./new.txt", "r:new.txt")
    try scratch.file("new.txt", containing: "theirs ")
    for one in opened { try one.name() }
    for one in opened { try one.empty() }
    for one in opened.dropLast() { try write("x", one) }
    #expect(try scratch.content("new.txt") == "theirs xxx")
    #expect(try opened[3].descriptor.readTextToEnd() == "theirs xxx")
  }

  @Test func `what another writes to a new file is not emptied away`() throws {
    let writing = try sources("w:new.txt", "w:new.txt")
    let appending = try sources("a:new.txt")
    for one in writing + appending { try one.name() }
    try write("kept", appending[0])
    for one in writing { try one.empty() }
    #expect(try scratch.content("new.txt") == "kept")
  }
}
