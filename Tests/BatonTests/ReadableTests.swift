import Baton
import BatonMessages
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(1))) struct ReadableTests {
  @Test func `a task waits for a pipe while its loop runs others`() async throws {
    let loop = try EventLoop()
    defer { loop.shutdown() }
    let (reading, writing) = try Descriptor.pipe()
    try await withTaskExecutorPreference(loop) {
      try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<2 {
          group.addTask {
            try await loop.untilReadable(reading)
            return "read"
          }
        }
        group.addTask {
          try writing.withFileDescriptor { _ = try $0.writeAll("x".utf8) }
          return "written"
        }
        var order: [String] = []
        for try await what in group { order.append(what) }
        #expect(order == ["written", "read", "read"])
      }
    }
  }

  @Test func `the end of a pipe, and a file, can be read at once`() async throws {
    let loop = try EventLoop()
    defer { loop.shutdown() }
    let ended = try Descriptor.pipe().reading
    try await loop.untilReadable(ended)
    try await loop.untilReadable(try Descriptor.open("/proc/self/exe"))
    try await loop.untilReadable(try Descriptor.open("/", options: .directory))
  }

  @Test func `what has no content cannot be waited for`() async throws {
    let loop = try EventLoop()
    defer { loop.shutdown() }
    let path = try Descriptor.open("/", options: .pathOnly)
    let error = await #expect(throws: Errno.self) { try await loop.untilReadable(path) }
    #expect(error == .badFileDescriptor)
  }

  @Test(.processOfItsOwn)
  func `a wait ends with its task, or with its loop, and leaves nothing open`() async {
    await #expect(processExitsWith: .success) {
      let before = OpenNumbers.names()
      for endsLoop in [false, true] {
        let loop = try EventLoop()
        let (reading, writing) = try Descriptor.pipe()
        let error = await withTaskGroup(of: Errno?.self) { group in
          group.addTask {
            do throws(Errno) {
              try await loop.untilReadable(reading)
              return nil
            } catch {
              return error
            }
          }
          if endsLoop { loop.shutdown() } else { group.cancelAll() }
          return await group.next() ?? nil
        }
        #expect(error == .canceled)
        _ = consume writing
        loop.shutdown()
      }
      await OpenNumbers.expect(before)
    }
  }
}
