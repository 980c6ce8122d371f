import Baton
import BatonMessages
import Glibc
import Synchronization
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(1))) struct PolicyTests {
  private func expectRefused(
    _ options: ServerOptions, _ code: RPCError.Code, _ text: String
  ) async throws {
    try await withServer(options: options) { address in
      let error = await #expect(throws: ConnectionError.self) {
        try await Connection.connect(to: Address(address))
      }
      #expect(error?.kind == .refused(code))
      #expect(error?.message.contains(text) == true)
      let blocking = await #expect(throws: ConnectionError.self) {
        try await onOwnThread { try SynchronousConnection.connect(to: Address(address)) }
      }
      #expect(blocking?.kind == .refused(code))
    }
  }

  @Test func `whom the policy refuses is told so when connecting`() async throws {
    let stranger = AccessPolicy.users([geteuid() + 1])
    try await expectRefused(
      ServerOptions(policy: stranger), .permissionDenied, "user \(geteuid() + 1)")
  }

  @Test func `a client talks to no server that its policy does not allow, and sends it nothing`()
    async throws
  {
    let stranger = AccessPolicy.users([geteuid() + 1])
    let options = ConnectionOptions(
      reconnection: Reconnection(initialDelay: .milliseconds(5)), serverPolicy: stranger)
    let (peer, other) = try RawPeer.pair()
    let (blockingPeer, blockingOther) = try RawPeer.pair()
    let error = await #expect(throws: ConnectionError.self) {
      try await Connection.connect(to: Address("fd:\(other)"), options: options)
    }
    #expect(error?.kind == .untrusted)
    #expect(error?.message.contains("is user \(geteuid() + 1), got user \(geteuid())") == true)
    #expect(try await peer.receive() == nil)
    let blocking = #expect(throws: ConnectionError.self) {
      try SynchronousConnection.connect(to: Address("fd:\(blockingOther)"), options: options)
    }
    #expect(blocking?.kind == .untrusted)
    #expect(try await blockingPeer.receive() == nil)
    let allowed = ConnectionOptions(serverPolicy: .sameUser)
    try await withServer { address in
      try await Connection.connect(to: Address(address), options: allowed).close()
    }
  }

  @Test func `a connection is not made again to a server that the policy does not allow`()
    async throws
  {
    let isTrusted = Atomic(true)
    let policy = AccessPolicy.check("trusted") { _ in isTrusted.load(ordering: .relaxed) }
    let place = try Revenant()
    let server = try place.start()
    let connection = try await place.connect { $0.serverPolicy = policy }
    isTrusted.store(false, ordering: .relaxed)
    try await server.end()
    let other = try place.start()
    await connection.until(.idle)
    let error = await #expect(throws: RPCError.self) {
      try await connection.call(EchoService.echo, EchoMessage())
    }
    #expect(error?.code == .unavailable)
    #expect(error?.message.contains("trusted") == true)
    isTrusted.store(true, ordering: .relaxed)
    await connection.until(.ready)
    connection.close()
    try await other.end()
  }

  @Test func `policies are combined`() async throws {
    let never = AccessPolicy.check("nobody") { _ in false }
    try await expectRefused(
      ServerOptions(policy: .sameUser && never), .permissionDenied, "nobody")
    try await withServer(options: ServerOptions(policy: never || .groups([getegid()]))) { address in
      try await Connection.connect(to: Address(address)).close()
    }
  }

  @Test func `a policy sees the process, its program and its groups`() async throws {
    let policy = AccessPolicy.check("this program") { peer in
      let here = (try? FilePath("/proc/self/exe").realPath()) ?? ""
      guard let program = try? peer.executable(), let groups = try? peer.supplementaryGroups()
      else { return false }
      var own = [gid_t](repeating: 0, count: 1024)
      let count = getgroups(1024, &own)
      return program.string == here && peer.processID == getpid()
        && Set(groups) == Set(own.prefix(Int(count)))
    }
    try await withServer(options: ServerOptions(policy: policy)) { address in
      try await Connection.connect(to: Address(address)).close()
    }
  }

  @Test func `a method's policy refuses its calls and no others`() async throws {
    let never = AccessPolicy.check("nobody") { _ in false }
    let options = ServerOptions(methodPolicies: ["test.Echo/Echo": never])
    try await withServer(options: options) { address in
      let connection = try await Connection.connect(to: Address(address))
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(EchoService.echo, EchoMessage())
      }
      #expect(error?.code == .permissionDenied)
      #expect(error?.message == "test.Echo/Echo is for nobody, not for user \(geteuid())")
      let reply = try await connection.call(EchoService.direct, EchoMessage(number: 3))
      #expect(reply.number == 3)
    }
  }

  @Test func `a service's policy is its methods', unless they have their own`() async throws {
    let never = AccessPolicy.check("nobody") { _ in false }
    let options = ServerOptions(
      methodPolicies: ["test.Echo": never, "test.Echo/Direct": .sameUser])
    try await withServer(options: options) { address in
      let connection = try await Connection.connect(to: Address(address))
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(EchoService.echo, EchoMessage())
      }
      #expect(error?.code == .permissionDenied)
      _ = try await connection.call(EchoService.direct, EchoMessage())
    }
  }

  @Test(arguments: ["/test.Echo/Echo", "test.Echo/Eccho", "test.Ech", "test.Echo/", ""])
  func `a policy for what is not served is refused before anybody can call`(_ name: String) throws {
    let server = Server(
      addresses: [], services: [EchoService()],
      options: ServerOptions(methodPolicies: [name: .root, "test.Echo/Direct": .root]))
    let error = #expect(throws: ConnectionError.self) { try server.bind() }
    #expect(error?.kind == .services)
    #expect(error?.message.hasPrefix("a policy is for \"\(name)\", which is no method") == true)
  }

  @Test func `connections beyond the server's limit are turned away, and places are given again`()
    async throws
  {
    try await withServer(options: ServerOptions(connections: 2)) { address in
      let first = try await Connection.connect(to: Address(address))
      let second = try await Connection.connect(to: Address(address))
      let error = await #expect(throws: ConnectionError.self) {
        try await Connection.connect(to: Address(address))
      }
      #expect(error?.kind == .refused(.resourceExhausted))
      first.close()
      // The server hears of it in its own time.
      while (try? await Connection.connect(to: Address(address))) == nil {}
      _ = try await second.call(EchoService.echo, EchoMessage())
    }
  }

  @Test func `connections beyond the user's limit are turned away`() async throws {
    try await withServer(options: ServerOptions(connectionsPerUser: 1)) { address in
      let first = try await Connection.connect(to: Address(address))
      let error = await #expect(throws: ConnectionError.self) {
        try await Connection.connect(to: Address(address))
      }
      #expect(error?.message.contains("user \(geteuid())") == true)
      _ = try await first.call(EchoService.echo, EchoMessage())
    }
  }

  @Test(arguments: [
    ServerOptions(descriptorsPerConnection: 3), ServerOptions(descriptors: 3),
  ])
  func `descriptors of calls in flight are bounded, and counted off again`(options: ServerOptions)
    async throws
  {
    try await withServer(options: options) { address in
      let connection = try await Connection.connect(to: Address(address))
      let file = try Descriptor.memory([1])
      for _ in 0..<3 {
        let files = try await connection.call(
          EchoService.echo, EchoMessage(files: [file, file, file])
        ).files
        #expect(files.count == 3)
        let error = await #expect(throws: RPCError.self) {
          try await connection.call(
            EchoService.echo, EchoMessage(files: [file, file, file, file]))
        }
        #expect(error?.code == .resourceExhausted)
      }
    }
  }

  @Test func `a client that says no hello is given up`() async throws {
    let (peer, other) = try RawPeer.pair()
    let options = ServerOptions(handshakeTimeout: .milliseconds(20))
    let server = Server(address: "fd:\(other)", services: [EchoService()], options: options)
    try await onOwnThread {
      // Ends with its only connection.
      try await server.run()
    }
    while try await peer.receive() != nil {}
  }

  @Test func `a connection without calls ends after the idle timeout, with a goodbye`() async throws
  {
    let (peer, other) = try RawPeer.pair()
    let options = ServerOptions(idleTimeout: .milliseconds(20))
    let server = Server(address: "fd:\(other)", services: [EchoService()], options: options)
    try peer.send(RawFrame.hello.bytes)
    try await onOwnThread {
      // Ends with its only connection.
      async let end: Void = server.run()
      var kinds: [UInt8] = []
      while let packet = try await peer.receive() {
        kinds += ReceivedFrame.all(in: packet.bytes).map(\.kind)
      }
      #expect(kinds == [1, 6])
      peer.leave()
      try await end
    }
  }

  @Test func `the idle timeout counts from the end of the last call`() async throws {
    let timeout = Duration.milliseconds(300)
    let gate = Gate()
    let (busy, other) = try RawPeer.pair()
    let options = ServerOptions(idleTimeout: timeout)
    let server = Server(address: "fd:\(other)", services: [gate.service], options: options)
    try busy.send(RawFrame.hello.bytes)
    var request = RawFrame(2, call: 1, flags: RawFrame.end)
    request.method = RawFrame.identity("test.Echo/Echo")
    try busy.send(request.bytes)
    try await onOwnThread {
      async let end: Void = server.run()
      await gate.untilBegun()
      // Another connection, without calls, is given up: so much time has passed.
      let idle = try await server.connect()
      await idle.until(.shutdown)
      let released = ContinuousClock.now
      gate.release()
      let frames = try await busy.frames(until: 6)
      #expect(frames.map(\.kind) == [1, 3, 6])
      #expect(ContinuousClock.now - released >= timeout)
      busy.leave()
      try await end
    }
  }

  @Test func `a connection that waits to be accepted ends with the server`() async throws {
    let path = "/tmp/baton-\(UInt64.random(in: 0 ... .max)).sock"
    let server = Server(address: "unix:\(path)", services: [EchoService()])
    try server.bind()
    let waiting = try RawPeer.connected(to: path)
    let running = Task {
      try await withOwnLoop { _ in try await server.run() }
    }
    running.cancel()
    try await running.value
    // Whether it was served for a moment or not.
    while try await waiting.receive() != nil {}
  }

  @Test func `a peer that does not answer a ping is given up`() async throws {
    let (silent, other) = try RawPeer.pair()
    let service = EchoService { request, _ in
      try await Task.sleep(for: .seconds(60))
      return request
    }
    let options = ServerOptions(
      keepalive: .milliseconds(10), keepaliveTimeout: .milliseconds(30))
    let server = Server(address: "fd:\(other)", services: [service], options: options)
    try silent.send(RawFrame.hello.bytes)
    var call = RawFrame(2, call: 1, flags: RawFrame.end)
    call.method = RawFrame.identity("test.Echo/Echo")
    try silent.send(call.bytes)
    try await onOwnThread { try await server.run() }
    var kinds: [UInt8] = []
    while let packet = try await silent.receive() {
      kinds += ReceivedFrame.all(in: packet.bytes).map(\.kind)
    }
    #expect(kinds.contains(11))
  }

  @Test func `a client that sends no more is not asked whether it lives`() async throws {
    let (peer, other) = try RawPeer.pair()
    let service = EchoService { request, _ in
      // Longer than a ping and its answer may take.
      try await Task.sleep(for: .milliseconds(300))
      return request
    }
    let options = ServerOptions(
      keepalive: .milliseconds(10), keepaliveTimeout: .milliseconds(30))
    let server = Server(address: "fd:\(other)", services: [service], options: options)
    try peer.send(RawFrame.hello.bytes)
    var call = RawFrame(2, call: 1, flags: RawFrame.end)
    call.method = RawFrame.identity("test.Echo/Echo")
    try peer.send(call.bytes + RawFrame.goodbye.bytes)
    peer.finish()
    try await onOwnThread { try await server.run() }
    #expect(try await peer.frames(until: 3).last?.call == 1)
  }

  @Test func `a peer that answers pings is not given up`() async throws {
    // The calls last longer than an answer may take.
    let patient = EchoService { request, _ in
      try await Task.sleep(for: .seconds(9))
      return request
    }
    let options = ServerOptions(keepalive: .milliseconds(10), keepaliveTimeout: .seconds(8))
    try await withServer(patient, options: options) { address in
      async let number = onOwnThread {
        let blocking = try SynchronousConnection.connect(to: Address(address))
        return try blocking.call(EchoService.echo, EchoMessage(number: 5)).number
      }
      let connection = try await Connection.connect(to: Address(address))
      _ = try await connection.call(EchoService.echo, EchoMessage())
      #expect(try await number == 5)
    }
  }

  @Test func `a server whose methods take no descriptor takes none`() async throws {
    struct Plain: RPCService {
      static let schema = ServiceSchema(
        name: "test.Plain", file: SchemaFile(name: "test/plain.proto", base64: ""))
      static let note = Method<ProtoDuration, ProtoDuration>("test.Plain", "Note")
      func register(in methods: inout MethodTable) {
        methods.add(Self.note) { request, _ in request }
      }
    }
    let server = Server(addresses: [], services: [Plain()])
    try await onOwnThread {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        let connection = try await server.connect()
        let file = try Descriptor.memory([1])
        let error = await #expect(throws: RPCError.self) {
          _ = try await connection.call(
            method: "test.Plain/Note", EncodedMessage(bytes: [], descriptors: [file]))
        }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.message.contains("at most 0 descriptors") == true)
        connection.close()
        group.cancelAll()
      }
    }
  }

  /// SO_PASSRIGHTS came with Linux 6.16.
  private static let canRefuseRights: Bool = {
    let number = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0)
    defer { close(number) }
    var value: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(number, SOL_SOCKET, 83, &value, &size) == 0
  }()

  @Test(.enabled(if: canRefuseRights))
  func `before the policy has passed, descriptors do not arrive at all`() async throws {
    let path = "/tmp/baton-\(UInt64.random(in: 0 ... .max)).sock"
    let server = Server(address: "unix:\(path)", services: [EchoService()])
    try server.bind()
    let peer = try RawPeer.connected(to: path)
    let file = try Descriptor.memory([1])
    let error = #expect(throws: Errno.self) {
      try file.withFileDescriptor {
        try peer.send(RawFrame.hello.bytes, descriptors: [$0.rawValue])
      }
    }
    #expect(error == .notPermitted)
    unlink(path)
  }
}

extension FilePath {
  fileprivate func realPath() throws -> String {
    guard let path = realpath(string, nil) else { throw Errno(rawValue: errno) }
    defer { free(path) }
    return String(cString: path)
  }
}
