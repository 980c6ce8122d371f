import Foundation

/// A directory that is removed with the last reference to it.
final class TemporaryDirectory: Sendable {
  let url: URL

  init() throws {
    // Short, because the path of a socket has at most 107 bytes.
    let name = "baton-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
    url = FileManager.default.temporaryDirectory.appending(path: name)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  func path(_ name: String) -> String { url.appending(path: name).path }

  @discardableResult
  func makeFile(_ name: String, _ content: String = "") throws -> URL {
    let file = url.appending(path: name)
    try Data(content.utf8).write(to: file)
    return file
  }
}
