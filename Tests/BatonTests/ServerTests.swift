import Baton
import BatonMessages
import Glibc
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(1))) struct ServerTests {
  private static func path() -> String { "/tmp/baton-\(UInt64.random(in: 0 ... .max)).sock" }

  private static func serve(
    _ server: Server, _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    try await onOwnThread {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        try await body()
        group.cancelAll()
      }
    }
  }

  @Test func `a socket's file is its owner's alone, and gone when the server ends`() async throws {
    let path = Self.path()
    let server = Server(address: "unix:\(path)", services: [EchoService()])
    try server.bind()
    var status = stat()
    #expect(lstat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
    try await Self.serve(server) {
      let connection = try await Connection.connect(to: Address("unix:\(path)"))
      _ = try await connection.call(EchoService.echo, EchoMessage())
    }
    #expect(lstat(path, &status) == -1)
  }

  @Test func `a method that a server has not is named to its callers`() async throws {
    try await withServer { address in
      let missing = Method<EchoMessage, EchoMessage>("test.Echo", "Missing")
      let message = "test.Echo/Missing: no service here has this method (identity "
      let connection = try await Connection.connect(to: Address(address))
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(missing, EchoMessage())
      }
      #expect(error?.message.hasPrefix(message) == true)
      #expect(error?.origin == .peer)
      let blocking = await #expect(throws: RPCError.self) {
        try await onOwnThread {
          try SynchronousConnection.connect(to: Address(address)).call(missing, EchoMessage())
        }
      }
      #expect(blocking?.message == error?.message)
    }
  }

  @Test func `a socket's file gets the permissions that are asked for`() throws {
    let path = Self.path()
    let options = ServerOptions(socketMode: 0o666)
    let server = Server(address: "unix:\(path)", services: [EchoService()], options: options)
    try server.bind()
    var status = stat()
    #expect(lstat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o666)
    unlink(path)
  }

  @Test func `a stale socket's file is replaced`() async throws {
    let path = Self.path()
    try Server(address: "unix:\(path)", services: []).bind()
    let server = Server(address: "unix:\(path)", services: [EchoService()])
    try server.bind()
    try await Self.serve(server) {
      let connection = try await Connection.connect(to: Address("unix:\(path)"))
      #expect(try await connection.call(EchoService.echo, EchoMessage(number: 3)).number == 3)
    }
  }

  @Test func `a live server's file is left alone`() throws {
    let path = Self.path()
    let live = Server(address: "unix:\(path)", services: [EchoService()])
    try live.bind()
    let error = #expect(throws: ConnectionError.self) {
      try Server(address: "unix:\(path)", services: []).bind()
    }
    #expect(error?.message == "cannot listen at unix:\(path): another server is live there")
    withExtendedLifetime(live) {}
    unlink(path)
  }

  @Test func `a file that is not a socket is left alone`() throws {
    let path = Self.path()
    let file = try FileDescriptor.open(
      FilePath(path), .writeOnly, options: .create, permissions: .ownerReadWrite)
    try file.close()
    let error = #expect(throws: ConnectionError.self) {
      try Server(address: "unix:\(path)", services: []).bind()
    }
    #expect(error?.message == "cannot listen at unix:\(path): the file there is not a socket")
    #expect(unlink(path) == 0)
  }

  @Test func `an abstract name is served, and refused while it is`() async throws {
    let address = "unix:@baton-\(UInt64.random(in: 0 ... .max))"
    let server = Server(address: address, services: [EchoService()])
    try server.bind()
    #expect(throws: ConnectionError.self) { try Server(address: address, services: []).bind() }
    try await Self.serve(server) {
      let number = try await onOwnThread {
        let connection = try SynchronousConnection.connect(to: Address(address))
        return try connection.call(EchoService.direct, EchoMessage(number: 9)).number
      }
      #expect(number == 9)
    }
  }

  @Test func `a server on an inherited connected socket ends with it`() async throws {
    let (ours, theirs) = try RawPeer.pair()
    let server = Server(address: "fd:\(theirs)", services: [EchoService()])
    try await onOwnThread {
      async let ended: Void = server.run()
      let mine = Descriptor(adopting: FileDescriptor(rawValue: dup(ours.number)))
      let connection = try await Connection.connect(over: mine)
      #expect(try await connection.call(EchoService.echo, EchoMessage(number: 4)).number == 4)
      connection.close()
      ours.leave()
      try await ended
    }
  }

  @Test func `a server serves callers within its process`() async throws {
    let server = Server(addresses: [], services: [EchoService()])
    try await Self.serve(server) {
      let connection = try await server.connect()
      #expect(try await connection.call(EchoService.echo, EchoMessage(number: 5)).number == 5)
      #expect(connection.peer.processID == getpid())
      let process = try connection.peer.processDescriptor()
      #expect(try process.describe().kind == .process)
    }
  }

  @Test func `calls in flight are answered before the server ends`() async throws {
    let (begun, log) = AsyncStream<Void>.makeStream()
    let (release, gate) = AsyncStream<Void>.makeStream()
    let service = EchoService { request, _ in
      log.yield()
      for await _ in release { break }
      return request
    }
    let server = Server(addresses: [], services: [service])
    let loop = try EventLoop()
    defer { loop.shutdown() }
    let running = Task(executorPreference: loop) { try await server.run() }
    let connection = try await server.connect()
    async let reply = connection.call(EchoService.echo, EchoMessage(number: 6))
    for await _ in begun { break }
    running.cancel()
    gate.yield()
    #expect(try await reply.number == 6)
    try await running.value
  }

  @Test func `a server that dies fails every call in flight at once`() async throws {
    let (peer, other) = try RawPeer.pair()
    try peer.send(RawFrame.hello.bytes)
    try await onOwnThread {
      let mine = Descriptor(adopting: FileDescriptor(rawValue: other))
      let connection = try await Connection.connect(over: mine)
      async let outcome = Self.failure(of: connection)
      // The hello and the request, in one packet or two.
      var frames: [ReceivedFrame] = []
      while !frames.contains(where: { $0.kind == 2 }), let packet = try await peer.receive() {
        frames += ReceivedFrame.all(in: packet.bytes)
      }
      peer.leave()
      let error = await outcome
      #expect(error?.code == .unavailable)
      #expect(error?.origin == .local)
    }
  }

  /// How a call fails; nil when it does not.
  private static func failure(of connection: Connection) async -> RPCError? {
    do throws(RPCError) {
      _ = try await connection.call(EchoService.echo, EchoMessage())
      return nil
    } catch {
      return error
    }
  }

  @Test func `a listener that never answers is given up after the handshake's timeout`()
    async throws
  {
    let path = Self.path()
    let server = Server(address: "unix:\(path)", services: [])
    try server.bind()
    let options = ConnectionOptions(handshakeTimeout: .milliseconds(30))
    let error = await #expect(throws: ConnectionError.self) {
      try await Connection.connect(to: Address("unix:\(path)"), options: options)
    }
    #expect(error?.kind == .unreachable)
    await #expect(throws: ConnectionError.self) {
      try await onOwnThread {
        _ = try SynchronousConnection.connect(to: Address("unix:\(path)"), options: options)
      }
    }
    withExtendedLifetime(server) {}
    unlink(path)
  }

  /// In a process of its own: where others start programs, a child that has not begun its program yet
  /// holds the listening socket, too.
  @Test(.processOfItsOwn) func `a server that waits for its calls gives its address away`() async {
    await #expect(processExitsWith: .success) {
      let name = "unix:@baton-\(UInt64.random(in: 0 ... .max))"
      let (begun, begins) = AsyncStream<Void>.makeStream()
      let (hurry, hurries) = AsyncStream<Void>.makeStream()
      let service = EchoService { request, _ in
        begins.finish()
        for await _ in hurry {}
        return request
      }
      let server = Server(address: name, services: [service], options: ServerOptions(loops: 1))
      try server.bind()
      try await onOwnThread {
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { try await server.run() }
          let connection = try await Connection.connect(to: Address(name))
          async let reply = connection.call(EchoService.echo, EchoMessage(number: 6))
          for await _ in begun {}
          group.cancelAll()
          // The server's goodbye has come.
          for await state in connection.states where state != .ready { break }
          try Server(address: name, services: [EchoService()]).bind()
          hurries.finish()
          #expect(try await reply.number == 6)
          try await group.waitForAll()
          connection.close()
        }
      }
    }
  }

  @Test func `a service that is given twice is refused before serving`() throws {
    let server = Server(addresses: [], services: [EchoService(), EchoService()])
    let error = #expect(throws: ConnectionError.self) { try server.bind() }
    #expect(error?.kind == .services)
    #expect(error?.message.contains("is served twice") == true)
  }

  @Test func `a server that could not bind may be run again`() async throws {
    let path = Self.path()
    let server = Server(address: "unix:\(path)", services: [EchoService()])
    #expect(mkdir(path, 0o700) == 0)
    try await onOwnThread {
      let error = await #expect(throws: ConnectionError.self) { try await server.run() }
      #expect(error?.kind == .address)
      #expect(rmdir(path) == 0)
      try await Self.serve(server) {
        let connection = try await server.connect()
        #expect(try await connection.call(EchoService.echo, EchoMessage(number: 3)).number == 3)
        connection.close()
      }
    }
  }

  @Test func `a server runs once`() async throws {
    let server = Server(addresses: [], services: [EchoService()])
    try await onOwnThread {
      try await withThrowingTaskGroup { group in
        group.addTask { try await server.run() }
        try await server.connect().close()
        group.cancelAll()
        try await group.waitForAll()
      }
      let error = await #expect(throws: ConnectionError.self) { try await server.run() }
      #expect(error?.message.contains("has run") == true)
    }
  }

  @Test func `who may not connect to a socket, or to one of another type, is told so`() throws {
    let path = "/tmp/baton-\(UInt64.random(in: 0 ... .max)).sock"
    let stream = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let listener = RawPeer(adopting: stream)
    try listener.listenForOne(at: path)
    defer { unlink(path) }
    let error = #expect(throws: ConnectionError.self) {
      try SynchronousConnection.connect(to: Address("unix:\(path)"))
    }
    #expect(error?.message.contains("no SOCK_SEQPACKET socket") == true)
    let bare = #expect(throws: ConnectionError.self) { try Address(path) }
    #expect(bare?.message.hasSuffix("did you mean unix:\(path)?") == true)
  }

  @Test func `what a handler says too late is no answer to a later call of its number`()
    async throws
  {
    let (late, lates) = AsyncStream<Void>.makeStream()
    let (second, seconds) = AsyncStream<Void>.makeStream()
    let service = EchoService { request, _ in
      if request.number == 1 {
        // Whatever becomes of the call.
        await Task { for await _ in late {} }.value
        seconds.yield()
      } else {
        lates.finish()
        await Task { for await _ in second { break } }.value
      }
      return request
    }
    let (peer, other) = try RawPeer.pair()
    let server = Server(address: "fd:\(other)", services: [service])
    try await onOwnThread {
      try await withThrowingTaskGroup { group in
        group.addTask { try await server.run() }
        try peer.send(RawFrame.hello.bytes)
        _ = try await peer.receive()
        // With a timeout of a nanosecond.
        var request = RawFrame(2, call: 1, flags: RawFrame.end, head: [8, 1], message: [16, 1])
        request.method = RawFrame.identity("test.Echo/Echo")
        try peer.send(request.bytes)
        #expect(try await peer.frames(until: 4).last?.code == 4)
        request = RawFrame(2, call: 1, flags: RawFrame.end, message: [16, 2])
        request.method = RawFrame.identity("test.Echo/Echo")
        try peer.send(request.bytes)
        #expect(try await peer.frames(until: 3).last?.message == [16, 2])
        peer.leave()
        group.cancelAll()
      }
    }
  }

  @Test func `an idle blocking client does not keep a server that leaves`() async throws {
    let path = Self.path()
    let server = Server(
      address: "unix:\(path)", services: [EchoService()],
      options: ServerOptions(drainTimeout: .seconds(30)))
    try server.bind()
    try await onOwnThread {
      let client = try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        let client = try await onOwnThread {
          let client = try SynchronousConnection.connect(to: Address("unix:\(path)"))
          _ = try client.call(EchoService.echo, EchoMessage())
          return client
        }
        group.cancelAll()
        let begin = ContinuousClock.now
        try await group.waitForAll()
        #expect(ContinuousClock.now - begin < .seconds(10))
        return client
      }
      let error = #expect(throws: RPCError.self) {
        try client.call(EchoService.echo, EchoMessage())
      }
      #expect(error?.code == .unavailable)
      #expect(error?.wasNotBegun == true)
    }
  }
}
