import ArgumentParser
import Baton
import CBenchmark
import Glibc
import SystemPackage

/// What many connections to one server cost that has answered one call over each of them.
struct Crowd: BitwiseCopyable {
  var connections = 0
  /// Bytes of resident memory that each process has more than with one connection.
  var serverMemory = 0
  var clientMemory = 0
  /// Nanoseconds of processor time that the server used in a second without calls.
  var serverTime: UInt64 = 0

  /// Runs a server and a client process of this program.
  static func measure(connections: Int) throws -> Crowd {
    let results = try FileDescriptor.pipe()
    let name = "@baton-benchmarks-\(getpid())"
    let server = try start(["crowd-serve", name], [])
    defer { benchmark_process_end(server) }
    let client = try start(
      ["crowd-connect", name, "\(server)", "\(connections)"], [results.writeEnd])
    try results.writeEnd.close()
    defer { try? results.readEnd.close() }
    var crowd = Crowd()
    let size = try withUnsafeMutableBytes(of: &crowd) { try results.readEnd.read(into: $0) }
    let status = benchmark_process_wait(client)
    if status != 0 || size != MemoryLayout<Crowd>.size {
      throw TrialError(
        description: "idle-connections: expected the client to report, which ended with \(status)")
    }
    return crowd
  }

  private static func start(
    _ arguments: [String], _ inherited: [FileDescriptor]
  ) throws -> pid_t {
    var pointers = (["baton-benchmarks"] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    let numbers = inherited.map(\.rawValue)
    let process = benchmark_process_start(&pointers, numbers, Int32(numbers.count), -1)
    if process < 0 { throw Errno(rawValue: -process) }
    return process
  }
}

/// The server that many connect to.
struct CrowdServe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)

  @Argument var name: String

  func run() async throws {
    let options = ServerOptions(connections: 100_000, connectionsPerUser: 100_000)
    let server = Server(
      address: "unix:\(name)", services: [SynchronousEcho(handlers: try EchoHandlers())],
      options: options)
    try await server.run()
  }
}

/// The client that makes all the connections.
struct CrowdConnect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)

  @Argument var name: String
  @Argument var server: Int32
  @Argument var connections: Int

  func run() async throws {
    try check(benchmark_allow_descriptors(Int32(connections) + 1000))
    let loop = try EventLoop()
    defer { loop.shutdown() }
    var clients = [try await connect(loop)]
    var crowd = Crowd(connections: connections)
    let (serverBefore, clientBefore) = (try memory(of: server), try memory(of: getpid()))
    for _ in 0..<connections { clients.append(try await connect(loop)) }
    crowd.serverMemory = try memory(of: server) - serverBefore
    crowd.clientMemory = try memory(of: getpid()) - clientBefore
    crowd.serverTime = benchmark_watch_idle(server).server_cpu
    try withUnsafeBytes(of: crowd) { bytes in
      _ = try FileDescriptor(rawValue: 3).writeAll(bytes)
    }
    for client in clients { client.connection.close() }
  }

  /// A connection over which one call went; waits for the server to listen.
  private func connect(_ loop: EventLoop) async throws -> Echo.Client {
    var tries = 0
    while true {
      do {
        let options = ConnectionOptions(loop: loop)
        let client = try await Echo.Client(connectingTo: "unix:\(name)", options: options)
        _ = try await client.unary(EchoRequest(payload: [UInt8](repeating: 7, count: 64)))
        return client
      } catch let error as ConnectionError where error.kind == .unreachable && tries < 500 {
        tries += 1
        usleep(10_000)
      }
    }
  }

  /// Bytes of memory that are resident (`/proc/PID/smaps_rollup`, Rss).
  private func memory(of process: Int32) throws -> Int {
    let file = try FileDescriptor.open("/proc/\(process)/smaps_rollup", .readOnly)
    defer { try? file.close() }
    let text = try String(unsafeUninitializedCapacity: 4096) { buffer in
      try file.read(into: UnsafeMutableRawBufferPointer(buffer))
    }
    let line = text.split(separator: "\n").first { $0.hasPrefix("Rss:") }
    let words = line?.split(separator: " ") ?? []
    guard words.count == 3, let kibibytes = Int(words[1]) else { throw Errno.invalidArgument }
    return kibibytes * 1024
  }
}
