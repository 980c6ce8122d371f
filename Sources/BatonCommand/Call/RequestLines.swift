import Baton
import BatonMessages
import SystemPackage

/// A stream of requests: JSON text, one on each line. Lines with nothing on them are passed over.
struct RequestLines: Sendable {
  private let source: Descriptor?
  /// Tells when there is something to read.
  private let loop: EventLoop
  /// What was read and not handed out, from `start` on.
  private var bytes: [UInt8] = []
  private var start = 0
  private var isAtEnd = false
  private var number = 0

  init(_ source: RequestSource, on loop: EventLoop) {
    self.loop = loop
    switch source {
    case .text(let text):
      self.source = nil
      bytes = Array(text.utf8)
      isAtEnd = true
    case .file(_, let file), .standardInput(let file): self.source = file
    }
  }

  /// The next request; nil at the end. Waits for it until the task is cancelled.
  mutating func next() async throws(Failure) -> RequestText? {
    while let line = try await nextLine() {
      number += 1
      if line.allSatisfy({ $0 == UInt8(ascii: " ") || (9...13).contains($0) }) { continue }
      guard let text = String(validating: line, as: UTF8.self) else {
        throw .usage("the request in line \(number): expected UTF-8")
      }
      return RequestText(json: text, line: number)
    }
    return nil
  }

  private mutating func nextLine() async throws(Failure) -> [UInt8]? {
    var searched = start
    while true {
      if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        return Array(bytes[start..<end])
      }
      if isAtEnd {
        defer { start = bytes.count }
        return start == bytes.count ? nil : Array(bytes[start...])
      }
      bytes.removeSubrange(..<start)
      start = 0
      searched = bytes.count
      try await readMore()
    }
  }

  private mutating func readMore() async throws(Failure) {
    guard let source else { return }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
    defer { buffer.deallocate() }
    do throws(Errno) {
      try await loop.untilReadable(source)
      let count = try source.read(into: buffer)
      bytes += buffer[..<count]
      isAtEnd = count == 0
    } catch {
      // Another holder of the description made it non-blocking, and was faster.
      if error == .resourceTemporarilyUnavailable { return }
      throw .usage("cannot read line \(number + 1) of the requests: \(error)")
    }
  }
}
