import Foundation
import Glibc
import Testing

/// Behind a slash at its end, a path names a directory or nothing.
@Suite(.timeLimit(.minutes(2))) struct TrailingSlashTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.file("file", containing: "{}")
    try FileManager.default.createDirectory(
      at: scratch.url.appending(path: "folder"), withIntermediateDirectories: false)
  }

  @Test(arguments: [
    ("file/", "Not a directory"), ("folder/", "Is a directory"),
    ("new/", "No such file or directory"),
  ])
  func `--save makes and empties no file`(path: String, reason: String) async throws {
    let result = try await withShelf {
      try await Tool.baton(
        "call", $0, "shelf.v1.Shelf/Take", #"{"texts": ["one"]}"#, "--save",
        "items[0].content=\(path)", directory: scratch.url)
    }
    #expect(result.errors.hasSuffix(" to \(path): \(reason)\n"), "\(result.errors)")
    #expect(result.status == 74)
    #expect(try scratch.content("file") == "{}")
    #expect(access(scratch.path("new"), F_OK) != 0)
  }

  private static let forReading = [
    ("file/", "Not a directory"), ("folder/", "Is a directory"),
  ]

  @Test(arguments: forReading)
  func `a request is read from no file`(path: String, reason: String) async throws {
    let result = try await Tool.baton(
      "call", Tool.broker(), "files.v1.FileBroker/Count", "@\(path)", directory: scratch.url)
    #expect(result.errors == "baton: cannot read the request from \(path): \(reason)\n")
    #expect(result.status == 64)
  }

  @Test(arguments: forReading)
  func `a schema is read from no file`(path: String, reason: String) async throws {
    let result = try await Tool.baton(
      "call", Tool.broker(), "a.B/C", "--schema", path, directory: scratch.url)
    #expect(result.errors == "baton: cannot read the schema \(path): \(reason)\n")
    #expect(result.status == 64)
  }
}
