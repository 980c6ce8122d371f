import Baton
import BatonMessages
import Foundation
import Programs
import SystemPackage
import Testing

/// Calls of every kind, large messages and metadata between Swift and a peer in Python that was
/// written from the specification alone. Each end's windows are small, so that each waits for credit.
@Suite(.timeLimit(.minutes(2))) struct RelayTests {
  let programs: PeerPrograms

  init() async throws {
    programs = try await PeerPrograms()
  }

  @Test(arguments: [
    ("repeat", "3000 replies in order, each with {'hello'}\n"),
    ("gather", "44850 in 300 requests, waited: True\n"),
    ("chat", "100 requests came back, each with its file\n"),
    ("large", "3072000 bytes and 600 files came back\n"),
    ("metadata", "7 with metadata on both sides\n"),
    ("fail", "10 as you wish, about 7\n"),
    ("call_back", "14 with ['hello']\n"),
    ("kind", "12\n12\n"),
  ]) func `a Python client calls a Swift server`(scenario: String, text: String) async throws {
    let directory = try TemporaryDirectory()
    let address = "unix:\(directory.path("relay"))"
    let options = ServerOptions(window: StreamWindow(messages: 8, bytes: 4096, descriptors: 3))
    let server = Server(address: address, services: [RelayService()], options: options)
    let ended = try await onItsThread {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        try await server.connect().close()
        let ended = try await programs.python("relay.py", [scenario, address])
        group.cancelAll()
        return ended
      }
    }
    #expect(ended.errors == "")
    #expect(ended.text == text)
  }

  @Test func `a Python server answers a Swift client's streams with descriptors`() async throws {
    try await withPythonServer { relay in
      let file = try Descriptor.memory(Array("hello".utf8))
      var numbers: [UInt64] = []
      for try await reply in relay.`repeat`(Parcel(number: 300, files: [file])) {
        numbers.append(reply.number)
        #expect(try texts(of: reply) == ["hello"])
      }
      #expect(numbers == Array(0..<300))

      let gathered = try await relay.gather { requests in
        for number in 0..<200 as Range<UInt64> {
          let text = Array("\(number)".utf8)
          try await requests.write(
            Parcel(number: number, content: [120], files: [try .memory(text)]))
        }
      }
      #expect(gathered.number == 19_900)
      #expect(gathered.content.count == 200)
      #expect(try texts(of: gathered) == (0..<200).map { "\($0)" })

      try await relay.chat { requests, replies in
        var answers = replies.makeAsyncIterator()
        for number in 0..<50 as Range<UInt64> {
          let content = [UInt8](repeating: 121, count: number % 10 == 0 ? 300_000 : 1)
          try await requests.write(Parcel(number: number, content: content, files: [file]))
          let answer = try #require(try await answers.next())
          #expect(answer.number == number)
          #expect(answer.content == content)
          #expect(try texts(of: answer) == ["hello"])
        }
        requests.finish()
        #expect(try await answers.next() == nil)
      }
    }
  }

  @Test func `a Python server gives back a message of many fragments with 600 files`() async throws
  {
    try await withPythonServer { relay in
      let files = try (0..<600).map { try Descriptor.memory(Array("\($0)".utf8)) }
      let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
      let reply = try await relay.echo(Parcel(content: content, files: files))
      #expect(reply.content == content)
      #expect(try texts(of: reply) == (0..<600).map { "\($0)" })
    }
  }

  @Test func `metadata, trailers and details of a Python server reach a Swift client`() async throws
  {
    try await withPythonServer { relay in
      let metadata: Metadata = ["k": "v", "k-bin": [0, 255]]
      let info = ReplyInfo()
      let options = CallOptions(metadata: metadata, info: info)
      #expect(try await relay.echo(Parcel(number: 7), options: options).number == 7)
      #expect(info.metadata == metadata)
      #expect(info.trailers == metadata)

      let error = await #expect(throws: RPCError.self) {
        try await relay.fail(Parcel(number: 7), options: CallOptions(metadata: metadata))
      }
      #expect(error?.code == .aborted)
      #expect(error?.trailers == metadata)
      let detail = try ProtoAny(packing: Parcel(number: 7))
      #expect(error?.details == [detail])
    }
  }

  @Test func `a Python server calls a Swift client over the same connection`() async throws {
    try await withPythonServer { relay in
      let file = try Descriptor.memory(Array("hello".utf8))
      let reply = try await relay.callBack(Parcel(number: 7, files: [file]))
      #expect(reply.number == 7)
      #expect(try texts(of: reply) == ["hello"])
    }
  }

  /// What the files hold, wherever others have read to.
  private func texts(of parcel: Parcel) throws -> [String] {
    try parcel.files.map { String(decoding: try $0.readAll(), as: UTF8.self) }
  }

  /// A client of a server in Python, which may call it in turn.
  private func withPythonServer(_ body: (Relay.Client) async throws -> Void) async throws {
    let options = ConnectionOptions(
      window: StreamWindow(messages: 8, bytes: 4096, descriptors: 3), services: [RelayService()])
    var program = PeerServer.python(programs, "relay.py", "serve")
    let scratch = try TemporaryDirectory()
    let errors = try scratch.makeFile("errors")
    program.errors = try FileHandle(forWritingTo: errors)
    try await onItsThread { [program] in
      try await PeerServer.run(program) { address in
        let relay = try await Relay.Client(connectingTo: address, options: options)
        defer { relay.connection.close() }
        try await body(relay)
      }
    }
    #expect(try String(contentsOf: errors, encoding: .utf8) == "")
  }

  /// Runs `body` on a thread of its own, which none of the other tests waits on.
  private func onItsThread<Result>(_ body: () async throws -> Result) async throws -> Result {
    let loop = try EventLoop()
    defer { loop.shutdown() }
    return try await withTaskExecutorPreference(loop) { try await body() }
  }
}
