import Baton
import BatonMessages
import Foundation
import Programs
import SystemPackage
import Testing

/// The example as a service manager ends it.
@Suite(.timeLimit(.minutes(2))) struct SignalTests {
  /// The example, listening, in a process of its own.
  private final class Listening {
    let process: RunningProgram
    let socket: String
    private let folder: URL

    init() throws {
      folder = URL(filePath: "/tmp/baton-signal-\(UInt64.random(in: 0 ... .max))")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
      socket = folder.appending(path: "broker.sock").path
      // The test's own program lies among the build's products.
      let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      let products = URL(filePath: own).deletingLastPathComponent()
      process = try Program(
        products.appending(path: "file-broker").path,
        ["--root", folder.path, "--address", "unix:\(socket)"]
      ).start()
    }

    deinit {
      if process.isRunning { kill(process.processIdentifier, SIGTERM) }
      try? FileManager.default.removeItem(at: folder)
    }

    func connect() async throws -> Connection {
      while true {
        do {
          return try await Connection.connect(to: Address("unix:\(socket)"))
        } catch {
          // It is not listening yet.
          guard case .unreachable = error.kind, process.isRunning else { throw error }
          await Task.yield()
        }
      }
    }
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func `at a signal calls in flight are answered, and the process ends well`(
    signal: Int32
  ) async throws {
    try await Self.withCallInFlight { broker, connection, call, writing in
      kill(broker.process.processIdentifier, signal)
      for await state in connection.states where state == .idle { break }
      try writing.writeAll([0x0a])
      try writing.close()
      #expect(try await call.value.counts.first?.lines == UInt64(Self.lines + 1))
      #expect(await broker.process.ended() == 0)
      #expect(!FileManager.default.fileExists(atPath: broker.socket))
    }
  }

  @Test func `a second signal ends a process whose calls do not`() async throws {
    try await Self.withCallInFlight { broker, connection, call, writing in
      kill(broker.process.processIdentifier, SIGTERM)
      for await state in connection.states where state == .idle { break }
      kill(broker.process.processIdentifier, SIGTERM)
      #expect(await broker.process.ended() == -SIGTERM)
      await #expect(throws: RPCError.self) { try await call.value }
      try writing.close()
    }
  }

  /// Nothing but the number keeps the writing end open.
  private static func pipe() throws -> (Descriptor, FileDescriptor) {
    let (reading, writing) = try Descriptor.pipe()
    return (reading, try writing.duplicate().take())
  }

  /// More than a pipe holds: they are all written when the broker reads.
  private static let lines = 1 << 20

  /// Runs `body` on a thread of its own while the broker counts what is written to a pipe.
  private static func withCallInFlight(
    _ body: (Listening, Connection, Task<CountReply, any Error>, FileDescriptor) async throws ->
      Void
  ) async throws {
    let loop = try EventLoop()
    defer { loop.shutdown() }
    try await withTaskExecutorPreference(loop) {
      let broker = try Listening()
      let connection = try await broker.connect()
      let (reading, number) = try pipe()
      let call = Task(executorPreference: connection.loop) {
        try await connection.call(BrokerMethods.count, CountRequest(files: [reading]))
      }
      try number.writeAll([UInt8](repeating: 0x0a, count: lines))
      try await body(broker, connection, call, number)
      connection.close()
    }
  }
}
