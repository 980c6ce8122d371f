import Baton
import Glibc
import Testing

/// Programs that an `exec:` address starts and that are no servers. Each test runs in a process of
/// its own, so that the children and the open descriptor numbers are the test's alone.
@Suite(.processOfItsOwn, .timeLimit(.minutes(2))) struct ExecAddressTests {
  @Test func `a program that says no hello in time is ended and collected`() async {
    await #expect(processExitsWith: .success) {
      try await Self.connect { address, options in
        await #expect(throws: ConnectionError.self) {
          try await Connection.connect(to: address, options: options)
        }
      }
    }
  }

  @Test func `a blocking client ends a program that says no hello in time, too`() async {
    await #expect(processExitsWith: .success) {
      try await Self.connect { address, options in
        #expect(throws: ConnectionError.self) {
          try SynchronousConnection.connect(to: address, options: options)
        }
      }
    }
  }

  private static func connect(_ body: (Address, ConnectionOptions) async -> Void) async throws {
    let before = OpenNumbers.names()
    try await watched { address in
      await body(address, ConnectionOptions(handshakeTimeout: .milliseconds(50)))
    }
    // The thread that collects the child holds its pidfd until then.
    await OpenNumbers.expect(before)
    #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD, "no child is left")
  }

  /// Waits for the end of the program that `body` starts, which holds a pipe open.
  private static func watched(_ body: (Address) async -> Void) async throws {
    let pipe = try WatchedPipe()
    try #require(fcntl(pipe.writing, F_SETFD, 0) == 0)
    try await body(Address("exec:sleep 3600"))
    await pipe.untilClosed()
  }
}
