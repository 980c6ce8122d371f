import Glibc
import Testing

/// A raw peer that plays a server.
protocol RawServer {
  var attacker: RawPeer { get }
}

extension RawServer {
  /// The next `count` requests. Their descriptors are closed.
  func requests(_ count: Int) async throws -> [ReceivedFrame] {
    var requests: [ReceivedFrame] = []
    while requests.count < count {
      let packet = try #require(try await attacker.receive(), "the connection ended")
      for number in packet.descriptors { close(number) }
      requests += ReceivedFrame.all(in: packet.bytes).filter { $0.kind == 2 }
    }
    return requests
  }

  /// Reads until the connection ends.
  func untilEnd() async throws {
    while try await attacker.receive() != nil {}
  }

  /// Answers every request until the connection ends.
  func answerAll(_ frame: (UInt32) -> RawFrame) async throws {
    while let packet = try await attacker.receive() {
      for number in packet.descriptors { close(number) }
      for request in ReceivedFrame.all(in: packet.bytes) where request.kind == 2 {
        try attacker.send(frame(request.call).bytes)
      }
    }
  }

  /// Answers the next request, and those in the same packet, with what `frame` makes of their
  /// numbers.
  func answer(descriptors: [Int32] = [], _ frame: (UInt32) -> RawFrame) async throws {
    let answers = try await requests(1).flatMap { frame($0.call).bytes }
    try attacker.send(answers, descriptors: descriptors)
  }
}
