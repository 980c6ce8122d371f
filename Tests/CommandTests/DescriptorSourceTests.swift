import BatonCommand
import BatonMessages
import Foundation
import Glibc
import SystemPackage
import Testing

@Suite struct DescriptorSourceTests {
  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.file("notes.txt", containing: "one\ntwo\n")
  }

  private func open(_ form: String, _ name: String) throws -> Descriptor {
    try DescriptorSource("\(form):\(scratch.path(name))").open().descriptor
  }

  private func content(_ name: String) throws -> String {
    try String(contentsOfFile: scratch.path(name), encoding: .utf8)
  }

  @Test func `r: opens a file for reading only`() throws {
    let file = try open("r", "notes.txt")
    #expect(try file.readTextToEnd() == "one\ntwo\n")
    #expect(try file.describe().access == .read)
  }

  @Test func `w: makes a file that is not there, and empties one, when it is told to`() throws {
    for (name, before) in [("notes.txt", "one\ntwo\n"), ("new.txt", nil)] {
      let source = try DescriptorSource("w:\(scratch.path(name))")
      let opened = try source.open()
      let file = opened.descriptor
      #expect(try file.describe().access == .write)
      #expect(try file.describe().kind == .regularFile)
      #expect((try? content(name)) == before)
      try opened.name()
      #expect(try content(name) == before ?? "")
      try opened.empty()
      #expect(try content(name) == "")
      try file.write(Array("x".utf8), at: 0)
      #expect(try content(name) == "x")
    }
  }

  @Test func `rw: keeps what a file holds`() throws {
    let file = try open("rw", "notes.txt")
    #expect(try file.describe().access == .readWrite)
    try file.write(Array("ONE".utf8), at: 0)
    #expect(try content("notes.txt") == "ONE\ntwo\n")
  }

  @Test func `a: writes behind what a file holds`() throws {
    let file = try open("a", "notes.txt")
    #expect(try file.describe().access == .write)
    try file.write(Array("three\n".utf8), at: 0)
    #expect(try content("notes.txt") == "one\ntwo\nthree\n")
  }

  @Test func `dir: opens a directory and nothing else`() throws {
    #expect(try open("dir", "").describe().kind == .directory)
    let error = #expect(throws: CodecError.self) { try open("dir", "notes.txt") }
    #expect(
      error?.message
        == "cannot open the directory \"\(scratch.path("notes.txt"))\": Not a directory")
  }

  @Test(arguments: ["w", "rw", "a"])
  func `a new file has its name when it is told to, and the usual permissions`(
    form: String
  ) throws {
    let mask = umask(0o022)
    defer { umask(mask) }
    let opened = try DescriptorSource("\(form):\(scratch.path("new.txt"))").open()
    #expect(access(scratch.path("new.txt"), F_OK) != 0)
    try opened.name()
    var status = stat()
    #expect(stat(scratch.path("new.txt"), &status) == 0)
    #expect(status.st_mode & 0o777 == 0o644)
    try opened.descriptor.write(Array("x".utf8), at: 0)
    #expect(try content("new.txt") == "x")
  }

  @Test func `two names of one new file are one file`() throws {
    let source = try DescriptorSource("w:\(scratch.path("new.txt"))")
    let appending = try DescriptorSource("a:\(scratch.path("new.txt"))")
    let first = try source.open()
    let second = try appending.open([first])
    for opened in [first, second] { try opened.name() }
    try first.descriptor.write(Array("one".utf8), at: 0)
    try second.descriptor.write(Array("two".utf8), at: 0)
    #expect(try content("new.txt") == "onetwo")
  }

  @Test func `a link that leads to no file makes the file`() throws {
    #expect(symlink("new.txt", scratch.path("link")) == 0)
    try DescriptorSource("w:\(scratch.path("link"))").open().name()
    #expect(try content("new.txt") == "")
  }

  @Test(arguments: [
    ("r:notes.txt/", "Not a directory"), ("w:notes.txt/", "Not a directory"),
    ("path:notes.txt/", "Not a directory"), ("memory:notes.txt/", "Not a directory"),
    ("w:new/", "No such file or directory"), ("w:none/new", "No such file or directory"),
    ("w:.", "Is a directory"),
  ])
  func `what the kernel refuses is not opened`(text: String, reason: String) throws {
    let parts = text.split(separator: ":")
    let path = "\(scratch.url.path)/\(parts[1])"
    let error = #expect(throws: CodecError.self) {
      try DescriptorSource("\(parts[0]):\(path)").open()
    }
    #expect(error?.message.hasSuffix(": \(reason)") == true, "\(error?.message ?? "")")
    #expect(access(scratch.path("new"), F_OK) != 0)
  }

  @Test func `path: gives no access to the content`() throws {
    #expect(try open("path", "notes.txt").describe().kind == .pathOnly)
  }

  @Test func `memory: holds what the file does, and nobody can change it`() throws {
    let memory = try open("memory", "notes.txt")
    #expect(try memory.readAll() == Array("one\ntwo\n".utf8))
    let description = try memory.describe()
    #expect(description.kind == .memory)
    #expect(description.seals?.contains([.write, .shrink, .grow, .seal]) == true)
    #expect(description.path == "/memfd:notes.txt (deleted)")
    #expect(throws: Errno.self) { try memory.write([1], at: 0) }
  }

  @Test func `text: holds the text, colons included`() throws {
    let memory = try DescriptorSource("text:one two:three").open().descriptor
    #expect(try memory.readTextToEnd() == "one two:three")
    #expect(try memory.describe().kind == .memory)
    #expect(try DescriptorSource("text:").open().descriptor.readToEnd() == [])
  }

  @Test func `the standard streams are 0, 1 and 2`() throws {
    #expect(try DescriptorSource("stdin") == .number(0))
    #expect(try DescriptorSource("stdout") == .number(1))
    #expect(try DescriptorSource("stderr") == .number(2))
  }

  @Test func `fd: takes what was inherited and nothing that this process opened`() throws {
    let inherited = try #require(
      try? FileDescriptor.open(scratch.path("notes.txt"), .readOnly))
    defer { try? inherited.close() }
    let own = try open("r", "notes.txt")
    let named = try DescriptorSource("fd:\(inherited.rawValue)").open().descriptor
    #expect(try named.isSameDescription(as: inherited))
    let number = own.withFileDescriptor { $0.rawValue }
    let error = #expect(throws: CodecError.self) { try DescriptorSource("fd:\(number)").open() }
    #expect(error?.message == "cannot open descriptor \(number): Bad file descriptor")
  }

  @Test(arguments: [
    "", "notes.txt", "x:notes.txt", "r:", "dir:", "memory:", "fd:", "fd:-1", "fd:x",
    "fd:99999999999",
    "R:notes.txt", "r:a\0b", "stdin:",
  ])
  func `what is no source is refused with the forms there are`(text: String) {
    let error = #expect(throws: CodecError.self) { try DescriptorSource(text) }
    let shown = "\"" + text.replacing("\0", with: #"\u{0}"#) + "\""
    #expect(error?.message == "expected \(DescriptorSource.forms), got \(shown)")
  }

  @Test func `a missing file is named with what was wanted of it`() {
    let error = #expect(throws: CodecError.self) { try DescriptorSource("r:/no/such").open() }
    #expect(error?.message == "cannot open \"/no/such\" for reading: No such file or directory")
  }
}

extension Descriptor {
  fileprivate func isSameDescription(as other: FileDescriptor) throws -> Bool {
    _ = try other.seek(offset: 3, from: .start)
    return try withFileDescriptor { try $0.seek(offset: 0, from: .current) } == 3
  }
}
