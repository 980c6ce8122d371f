import Foundation
import Testing

/// Peers written in other languages from the specification alone, against each other and against
/// Baton.
@Suite struct PeerTests {
  let programs: PeerPrograms
  let root: TemporaryDirectory

  init() async throws {
    programs = try await PeerPrograms()
    root = try TemporaryDirectory()
    try root.makeFile("notes.txt", "one two\nthree\n")
    try root.makeFile("empty")
  }

  @Test func `the specification's golden bytes are what Python encodes and parses`() async throws {
    let ended = try await programs.python("golden.py", [PeerPrograms.specification.path])
    #expect(ended.errors == "")
    #expect(ended.text == "26 golden packets agree\n")
  }

  @Test(arguments: BrokerClient.allCases)
  func `a client opens a file through every server`(client: BrokerClient) async throws {
    for server in BrokerServer.allCases {
      let ended = try await server.serve(programs, root: root.url.path) { address in
        try await client.run(programs, address, "open", "notes.txt")
      }
      #expect(ended.errors == "", "\(server)")
      #expect(ended.text == "one two\nthree\n", "\(server)")
      #expect(ended.status == 0, "\(server)")
    }
  }

  @Test(arguments: BrokerClient.allCases)
  func `a client hands open files to every server`(client: BrokerClient) async throws {
    let notes = root.path("notes.txt")
    for server in BrokerServer.allCases {
      let ended = try await server.serve(programs, root: root.url.path) { address in
        try await client.run(programs, address, "count", notes, root.path("empty"), notes)
      }
      #expect(ended.errors == "", "\(server)")
      #expect(ended.text == "2 3 14\n0 0 0\n2 3 14\n", "\(server)")
    }
  }

  @Test(arguments: BrokerClient.allCases)
  func `a client learns from every server why a call failed`(client: BrokerClient) async throws {
    for server in BrokerServer.allCases {
      let ended = try await server.serve(programs, root: root.url.path) { address in
        try await client.run(programs, address, "open", "missing.txt")
      }
      #expect(ended.status == 5, "\(server)")
      #expect(ended.errors.contains("missing.txt"), "\(server)")
      #expect(ended.text == "", "\(server)")
    }
  }

  @Test(arguments: BrokerServer.allCases)
  func `calls that share one packet are answered each with its own file`(
    server: BrokerServer
  ) async throws {
    let names = (0..<20).map { "file\($0)" }
    for name in names { try root.makeFile(name, "\(name)\n") }
    let ended = try await server.serve(programs, root: root.url.path) { address in
      try await programs.python("client.py", [address, "open"] + names)
    }
    #expect(ended.text == names.map { "\($0)\n" }.joined())
  }

  @Test(arguments: BrokerServer.allCases)
  func `a server answers calls after one of an unknown method or one that was cancelled`(
    server: BrokerServer
  ) async throws {
    try await server.serve(programs, root: root.url.path) { address in
      let unknown = try await programs.python("client.py", [address, "unknown"])
      #expect(unknown.status == 12)
      let cancelled = try await programs.python("client.py", [address, "cancel", "notes.txt"])
      #expect(cancelled.errors == "")
      #expect(cancelled.text == "one two\nthree\n")
    }
  }

  @Test(arguments: BrokerServer.allCases, [1, 2])
  func `a server refuses descriptors in wrong places`(
    server: BrokerServer, files: Int
  ) async throws {
    let ended = try await server.serve(programs, root: root.url.path) { address in
      let paths = Array(repeating: root.path("notes.txt"), count: files)
      return try await programs.python("client.py", [address, "misplace"] + paths)
    }
    #expect(ended.status == 3)
    #expect(ended.text == "")
  }
}
