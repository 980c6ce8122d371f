import Glibc
import SystemPackage
import Testing

/// The descriptor numbers of this process.
enum OpenNumbers {
  static func all() -> [Int32] {
    guard let directory = opendir("/proc/self/fd") else { return [] }
    defer { closedir(directory) }
    var numbers: [Int32] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let number = Int32(name), number != dirfd(directory) { numbers.append(number) }
    }
    return numbers
  }

  /// What they are, as `/proc/self/fd` says. Without timers: the runtime has none, and libdispatch
  /// makes one when a test first has a time limit.
  static func names() -> Set<String> {
    let names = all().map { number in
      var name = [UInt8](repeating: 0, count: 200)
      let size = readlink("/proc/self/fd/\(number)", &name, name.count)
      let path = String(decoding: name.prefix(max(size, 0)), as: UTF8.self)
      return "\(number) \(path.replacing(" (deleted)", with: ""))"
    }
    return Set(names.filter { !$0.hasSuffix("[timerfd]") })
  }

  /// How many numbers mean the same pipe's end as `number`.
  static func count(of number: Int32) -> Int {
    func identity(_ number: Int32) -> [UInt] {
      var status = stat()
      if fstat(number, &status) < 0 { return [] }
      return [status.st_dev, status.st_ino, UInt(fcntl(number, F_GETFL) & O_ACCMODE)]
    }
    let sought = identity(number)
    return all().count { identity($0) == sought }
  }

  /// Runs `body` while the process has room for just `room` more numbers (RLIMIT_NOFILE).
  static func withRoom<Result>(
    _ room: Int, _ body: () async throws -> Result
  ) async throws -> Result {
    let highest = all().max() ?? 2
    var fillers: [Int32] = []
    while true {
      let filler = dup(2)
      // Numbers below the highest that are free would count as room.
      if filler < highest {
        fillers.append(filler)
      } else {
        close(filler)
        break
      }
    }
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    getrlimit(resource, &limit)
    let usual = limit.rlim_cur
    limit.rlim_cur = rlim_t(Int(highest) + 1 + room)
    setrlimit(resource, &limit)
    defer {
      limit.rlim_cur = usual
      setrlimit(resource, &limit)
      for filler in fillers { close(filler) }
    }
    return try await body()
  }

  /// The soft limit of open descriptors, which also bounds a user's descriptors in flight.
  static var limit: Int {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(limit.rlim_cur)
  }

  /// Asserts that nothing is open but `names`. Threads that are ending may hold more for a moment.
  static func expect(_ names: Set<String>) async {
    let deadline = ContinuousClock.now + .seconds(10)
    var left = self.names().subtracting(names)
    while !left.isEmpty && ContinuousClock.now < deadline {
      await Task.yield()
      left = self.names().subtracting(names)
    }
    #expect(left == [])
  }
}

/// A pipe whose writing ends show, by the end of file, when the last of them is closed.
final class WatchedPipe: Sendable {
  private let reading: Int32
  let writing: Int32

  init() throws(Errno) {
    var numbers: [Int32] = [-1, -1]
    guard pipe(&numbers) == 0 else { throw Errno(rawValue: errno) }
    for number in numbers { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
    reading = numbers[0]
    writing = numbers[1]
  }

  deinit { close(reading) }

  /// Waits until every writing end is closed, those that others were sent included. Call it once.
  func untilClosed() async {
    close(writing)
    let reading = reading
    await withCheckedContinuation { closed in
      OwnThread.run {
        var byte: UInt8 = 0
        while read(reading, &byte, 1) > 0 {}
        closed.resume()
      }
    }
  }
}
