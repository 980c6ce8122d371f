import Baton
import BatonMessages
import Foundation
import SystemPackage

/// The clients of the file broker.
enum BrokerClient: CaseIterable {
  case python
  case c
  case swift

  /// `open NAME` prints a file of the broker's; `count FILE…` prints lines, words and bytes of files
  /// of this process. The status is the code of a call that failed.
  func run(
    _ programs: PeerPrograms, _ address: String, _ arguments: String...
  ) async throws -> FinishedProcess {
    switch self {
    case .python: try await programs.python("client.py", [address] + arguments)
    case .c: try await FinishedProcess.run(programs.makeCClient(), [address] + arguments)
    case .swift: try await Self.runHere(address, arguments)
    }
  }

  private static func runHere(_ address: String, _ arguments: [String]) async throws
    -> FinishedProcess
  {
    let client = try await FileBroker.Client(connectingTo: address)
    defer { client.connection.close() }
    do {
      if arguments[0] == "open" {
        let reply = try await client.open(OpenRequest(path: arguments[1]))
        return FinishedProcess(status: 0, output: Data(try reply.file.readToEnd()), errors: "")
      }
      let files = try arguments.dropFirst().map { try Descriptor.open(FilePath($0)) }
      let reply = try await client.count(CountRequest(files: files))
      let lines = reply.counts.map { "\($0.lines) \($0.words) \($0.bytes)\n" }
      return FinishedProcess(status: 0, output: Data(lines.joined().utf8), errors: "")
    } catch let error as RPCError {
      return FinishedProcess(status: error.code.rawValue, output: Data(), errors: error.message)
    }
  }
}
