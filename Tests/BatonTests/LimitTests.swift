import Baton
import BatonMessages
import Glibc
import SystemPackage
import Testing

/// The limits of Limits.md that no other suite reaches.
@Suite(.timeLimit(.minutes(2))) struct LimitTests {
  /// A service beside ``StreamService`` whose requests have one descriptor, or none.
  private struct OneFile: Message {
    var file: Descriptor?
    var unknownFields = UnknownFields()

    static let layout: MessageLayout = MessageLayout(
      "test.OneFile", [FieldLayout(1, "file", .descriptor(DescriptorContract()), .optional)])

    init(from fields: inout FieldReader) throws(CodecError) {
      file = try fields.descriptor(0)
      unknownFields = fields.unknown()
    }

    func write(to fields: inout FieldWriter) throws(CodecError) {
      try fields.descriptor(0, file)
      fields.unknown(unknownFields)
    }
  }

  private struct OneFileService: RPCService {
    static let schema = ServiceSchema(
      name: "test.One", file: SchemaFile(name: "test/one.proto", base64: ""))
    static let take = Method<OneFile, ProtoDuration>("test.One", "Take")
    static let note = Method<ProtoDuration, ProtoDuration>("test.One", "Note")

    func register(in methods: inout MethodTable) {
      methods.add(Self.take) { _, _ in ProtoDuration() }
      methods.add(Self.note) { request, _ in request }
    }
  }

  @Test(arguments: [("Take", 1, 9), ("Note", 0, 0)])
  func `a request has as many descriptors as its fields take, and 8 for a newer schema's`(
    method: String, known: Int, most: Int
  ) async throws {
    let server = Server(addresses: [], services: [OneFileService()])
    try await onOwnThread {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        let connection = try await server.connect()
        let file = try Descriptor.memory([1])
        func call(_ count: Int) async throws {
          // Field 9, unknown to the server, names those that field 1 does not.
          let places = (1...count).flatMap { place -> [UInt8] in
            [place <= known ? 0x08 : 0x48, UInt8(place)]
          }
          _ = try await connection.call(
            method: "test.One/\(method)",
            EncodedMessage(bytes: places, descriptors: Array(repeating: file, count: count)))
        }
        if known > 0 { try await call(most) }
        let error = await #expect(throws: RPCError.self) { try await call(most + 1) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("got \(most + 1)") == true, "\(error?.message ?? "")")
        connection.close()
        group.cancelAll()
      }
    }
  }

  @Test func `a reply over the client's limit is refused before it leaves`() async throws {
    let options = ConnectionOptions(largestMessage: 1 << 20)
    var service = StreamService()
    service.echo = { request, _ in
      EchoMessage(payload: Array(repeating: 1, count: Int(request.number)))
    }
    try await withStreams(service, connection: options) { connection in
      func size(_ bytes: Int) async throws -> Int {
        // The payload's tag and size take 4 bytes.
        try await connection.call(
          StreamService.echo, EchoMessage(number: UInt64(bytes - 4))
        ).payload.count
      }
      let most = try await size(1 << 20)
      #expect(most == (1 << 20) - 4)
      let error = await #expect(throws: RPCError.self) { try await size((1 << 20) + 1) }
      #expect(error?.code == .resourceExhausted)
      #expect(error?.origin == .peer)
    }
  }

  @Test(.processOfItsOwn, arguments: [253, 254, 506, 1024])
  func `as many descriptors as fill packets, or just do not, arrive in their order`(count: Int)
    async
  {
    await #expect(processExitsWith: .success) { [count] in
      let before = OpenNumbers.names()
      try await withStreams { connection in
        let files = try (0..<count).map { try Descriptor.memory(Array("\($0)".utf8)) }
        let reply = try await connection.call(StreamService.echo, EchoMessage(files: files))
        #expect(try reply.files.map { try $0.readTextToEnd() } == (0..<count).map { "\($0)" })
      }
      await OpenNumbers.expect(before)
    }
  }

  @Test func `metadata of a call has at most 60,000 bytes together`() async throws {
    var service = StreamService()
    service.echo = { request, context in
      EchoMessage(number: UInt64(context.metadata["key"]?.utf8.count ?? 0))
    }
    try await withStreams(service) { connection in
      func call(_ bytes: Int) async throws -> UInt64 {
        // Its key and 8 bytes are counted with every entry.
        let metadata: Metadata = ["key": .text(String(repeating: "x", count: bytes - 11))]
        return try await connection.call(
          StreamService.echo, EchoMessage(), options: CallOptions(metadata: metadata)
        ).number
      }
      let most = try await call(60_000)
      #expect(most == 59_989)
      let error = await #expect(throws: RPCError.self) { try await call(60_001) }
      #expect(error?.code == .resourceExhausted)
      #expect(error?.message == "expected at most 60000 bytes of metadata, got 60001")
    }
  }

  @Test func `details and trailers that are too large are left out, and the error arrives`()
    async throws
  {
    let short = ProtoAny(typeUrl: "type.googleapis.com/test.Short", value: [1])
    let long = ProtoAny(
      typeUrl: "type.googleapis.com/test.Long", value: Array(repeating: 1, count: 40_000))
    var service = StreamService()
    service.echo = { request, _ in
      let trailers = String(repeating: "x", count: request.number == 0 ? 10 : 40_000)
      throw RPCError(
        .aborted, "no", details: [short, long], trailers: ["key": .text(trailers)])
    }
    try await withStreams(service) { connection in
      for number in [0, 1] as [UInt64] {
        let error = await #expect(throws: RPCError.self) {
          try await connection.call(StreamService.echo, EchoMessage(number: number))
        }
        #expect(error?.code == .aborted)
        #expect(error?.message == "no")
        #expect(error?.details == [short])
        #expect(error?.trailers.isEmpty == (number == 1))
      }
    }
  }

  @Test func `descriptors of calls in flight are bounded over all connections`() async throws {
    let begun = Events()
    let service = EchoService { request, _ in
      if request.number == 0 { return request }
      begun.happened(.begun)
      await begun.untilCancelled()
      return request
    }
    try await withServer(service, options: ServerOptions(descriptors: 3)) { address in
      let first = try await Connection.connect(to: Address(address))
      let second = try await Connection.connect(to: Address(address))
      let file = try Descriptor.memory([1])
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          _ = try? await first.call(EchoService.echo, EchoMessage(number: 1, files: [file, file]))
        }
        _ = await begun.next()
        func call(_ count: Int) async throws -> Int {
          let files = Array(repeating: file, count: count)
          return try await second.call(EchoService.echo, EchoMessage(files: files)).files.count
        }
        let one = try await call(1)
        #expect(one == 1)
        let error = await #expect(throws: RPCError.self) { try await call(2) }
        #expect(error?.code == .resourceExhausted)
        group.cancelAll()
        try await group.waitForAll()
        // The server hears of it in its own time.
        while (try? await call(3)) == nil {}
      }
    }
  }

  @Test(arguments: [
    ServerOptions(descriptorsPerConnection: 3), ServerOptions(descriptors: 3),
  ])
  func `descriptors of a stream's requests are bounded, and counted off when they are dealt with`(
    options: ServerOptions
  ) async throws {
    var service = StreamService()
    service.sum = { _, _ in
      try await Task.sleep(for: .seconds(60))
      return EchoMessage()
    }
    let file = try Descriptor.memory([1])
    try await withStreams(service, options: options) { connection in
      for _ in 0..<2 {
        try await connection.bidirectionalStream(StreamService.chat) { requests, replies in
          var answers = replies.makeAsyncIterator()
          for _ in 0..<5 {
            try await requests.write(EchoMessage(files: [file, file]))
            #expect(try await answers.next()?.files.count == 2)
          }
        }
        let error = await #expect(throws: RPCError.self) {
          try await connection.clientStream(StreamService.sum) { requests in
            for _ in 0..<4 { try await requests.write(EchoMessage(files: [file])) }
          }
        }
        #expect(error?.code == .resourceExhausted)
      }
    }
  }

  @Test func `a server that does not answer a client's ping is given up`() async throws {
    let (silent, other) = try RawPeer.pair()
    try silent.send(RawFrame.hello.bytes)
    let options = ConnectionOptions(
      keepalive: .milliseconds(10), keepaliveTimeout: .milliseconds(30))
    try await onOwnThread {
      let client = try await Connection.connect(to: Address("fd:\(other)"), options: options)
      let error = await #expect(throws: RPCError.self) {
        try await client.call(EchoService.echo, EchoMessage())
      }
      #expect(error?.code == .unavailable)
      #expect(error?.message.contains("did not answer a ping") == true)
    }
  }

  @Test func `calls in flight are cancelled when the time for them is over at a server's end`()
    async throws
  {
    let begun = Events()
    let service = EchoService { request, _ in
      begun.happened(.begun)
      await begun.untilCancelled()
      begun.happened(.cancelled)
      return request
    }
    let server = Server(
      addresses: [], services: [service],
      options: ServerOptions(drainTimeout: .milliseconds(20)))
    try await onOwnThread {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        let connection = try await server.connect()
        async let code = Self.code {
          _ = try await connection.call(EchoService.echo, EchoMessage())
        }
        _ = await begun.next()
        group.cancelAll()
        #expect(await code == .unavailable)
        #expect(await begun.next() == .cancelled)
      }
    }
  }

  private static func code(_ body: () async throws -> Void) async -> RPCError.Code? {
    do {
      try await body()
      return .ok
    } catch {
      return (error as? RPCError)?.code
    }
  }

  @Test func `calls to a server that reads nothing fail when 16 MiB of them wait`() async throws {
    let (silent, other) = try RawPeer.pair()
    try silent.send(RawFrame.hello.bytes)
    try await onOwnThread {
      let client = try await Connection.connect(to: Address("fd:\(other)"))
      let message = EchoMessage(payload: Array(repeating: 1, count: 32_768))
      let codes = await withTaskGroup(of: RPCError.Code?.self) { group in
        // What the socket takes lies beside the 16 MiB.
        for _ in 0..<600 {
          group.addTask { await Self.code { _ = try await client.call(EchoService.echo, message) } }
        }
        let first = await group.next() ?? nil
        client.close()
        return await group.reduce(into: [first]) { $0.append($1) }
      }
      #expect(codes[0] == .resourceExhausted)
      let refused = codes.count { $0 == .resourceExhausted }
      #expect((1...88).contains(refused), "the first 512 fit; \(refused) did not")
    }
    silent.leave()
  }

  @Test(.processOfItsOwn) func `a server raises the soft limit of open files to the hard one`()
    async
  {
    await #expect(processExitsWith: .success) {
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
      var limit = rlimit()
      getrlimit(resource, &limit)
      limit.rlim_cur = limit.rlim_max / 2
      setrlimit(resource, &limit)
      try await withStreams { connection in
        _ = try await connection.call(StreamService.echo, EchoMessage())
        getrlimit(resource, &limit)
        #expect(limit.rlim_cur == limit.rlim_max)
      }
    }
  }

  @Test(.processOfItsOwn)
  func `a message with more descriptors than this end takes is refused, in one frame, too`() async {
    await #expect(processExitsWith: .success) {
      let null = open("/dev/null", O_RDONLY)
      let three = [null, null, null]
      try await ServerScene.run(options: ServerOptions(descriptorsPerMessage: 2)) { scene in
        let request = RawFrame.request(
          1, "Count", message: Parcels.files([1, 2, 3]), descriptors: 3)
        try scene.attacker.send(request.bytes, descriptors: three)
        #expect(try await scene.attacker.frames(until: 4).last?.code == 8)
      }
      try await ClientScene.run(options: ConnectionOptions(descriptorsPerMessage: 2)) { scene in
        let call = scene.begin(Parcels.echo)
        try await scene.answer(descriptors: three) {
          .response($0, message: Parcels.files([1, 2, 3]), descriptors: 3)
        }
        #expect(await call.value.error?.code == .resourceExhausted)
      }
      close(null)
    }
  }

  @Test(.processOfItsOwn) func `where there can be no thread there is no loop, but an error`()
    async
  {
    await #expect(processExitsWith: .success) {
      // Its thread lives on, so that its stack is not there to be used again.
      let first = try EventLoop()
      defer { first.shutdown() }
      let pages = try #require(
        try Descriptor.open("/proc/self/statm").readTextToEnd().split(separator: " ").first
          .flatMap { UInt($0) })
      // Room for all but a thread's stack, which has 2 MiB or more (pthread_create(3), EAGAIN).
      var limit = rlimit(rlim_cur: pages * 4096 + (1 << 20), rlim_max: rlim_t.max)
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
      #expect(throws: Errno.resourceTemporarilyUnavailable) { try EventLoop() }
    }
  }
}
