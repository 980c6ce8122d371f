import Baton
import BatonMessages
import Glibc
import SystemPackage
import Testing

/// The README's code is this target's code: a note is read as the README says.
@Suite(.timeLimit(.minutes(1))) struct ReadmeTests {
  private static let here = FilePath(#filePath).removingLastComponent()
  private static let readme = here.removingLastComponent().removingLastComponent()
    .appending("README.md")

  private static func text(of path: FilePath) throws -> String {
    try Descriptor.open(path).readTextToEnd()
  }

  /// The blocks of one language, without their fences.
  private static func blocks(_ language: String) throws -> [String] {
    let parts = try text(of: readme).components(between: "```\(language)\n", and: "```")
    try #require(!parts.isEmpty)
    return parts
  }

  @Test func `the README's Swift is compiled in this target`() throws {
    let compiled = try Self.text(of: Self.here.appending("NotesExample.swift"))
    for block in try Self.blocks("swift") { #expect(compiled.contains(block)) }
  }

  @Test func `the README's schema is this target's`() throws {
    let schema = try Self.text(of: Self.here.appending("notes.proto"))
    #expect(try Self.blocks("proto") == [schema])
  }

  @Test func `a note is read through the service of the README`() async throws {
    let folder = "/tmp/baton-notes-\(UInt64.random(in: 0 ... .max))"
    #expect(mkdir(folder, 0o700) == 0)
    let note = try Descriptor.open(
      FilePath("\(folder)/today.txt"), access: .writeOnly, options: [.create])
    try note.write(Array("Buy milk.\n".utf8), at: 0)
    let address = "unix:\(folder)/notes.sock"
    try await withThrowingTaskGroup(of: Void.self) { group async throws in
      group.addTask { try await serve(FilePath(folder), at: address) }
      while access("\(folder)/notes.sock", F_OK) != 0 { await Task.yield() }
      let text = try await read("today.txt", from: address)
      #expect(text == "Buy milk.\n")
      let error = await #expect(throws: RPCError.self) {
        try await read("../today.txt", from: address)
      }
      #expect(error?.origin == .peer)
      group.cancelAll()
    }
    unlink("\(folder)/today.txt")
    rmdir(folder)
  }
}

extension String {
  /// What stands between each `start` and the next `end`.
  fileprivate func components(between start: String, and end: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let from = rest.firstRange(of: start) {
      rest = rest[from.upperBound...]
      guard let to = rest.firstRange(of: end) else { break }
      parts.append(String(rest[..<to.lowerBound]))
      rest = rest[to.upperBound...]
    }
    return parts
  }
}
