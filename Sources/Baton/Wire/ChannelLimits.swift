package import BatonMessages
internal import CBaton

/// What may be on its way on one stream before its receiver has taken some of it: what a receiver
/// that does not read costs in memory, and how far ahead a sender can be.
public struct StreamWindow: Sendable, Hashable {
  /// 1,024 by default, at least 1.
  public var messages: Int
  /// Bytes of messages; the last one may go beyond. 1 MiB by default, at least 1.
  public var bytes: Int
  /// Descriptors with messages; the last message may go beyond. 64 by default, at least 1.
  public var descriptors: Int

  public init(messages: Int = 1024, bytes: Int = 1 << 20, descriptors: Int = 64) {
    self.messages = max(messages, 1)
    self.bytes = max(bytes, 1)
    self.descriptors = max(descriptors, 1)
  }
}

/// What this end of a connection takes, as its hello says.
struct ChannelLimits: Sendable {
  /// Bytes of a message.
  let largestMessage: Int
  /// Descriptors of a message.
  let mostDescriptors: Int
  /// What may be on its way on each stream.
  let window: StreamCredit

  init(_ largestMessage: Int, _ mostDescriptors: Int, _ window: StreamWindow) {
    self.largestMessage = min(max(largestMessage, 65_536), Int(Int32.max))
    self.mostDescriptors = min(max(mostDescriptors, 0), 1 << 20)
    self.window = StreamCredit(
      messages: window.messages, bytes: window.bytes, descriptors: window.descriptors)
  }

  var hello: WireHello {
    WireHello(
      version: 1, oldestVersion: 1, largestPacket: UInt32(LoopCore.receiveCapacity),
      mostDescriptors: UInt32(mostDescriptors), stream: window.wire,
      largestMessage: UInt64(largestMessage))
  }
}

extension CodecLimits {
  /// What a message of at most `size` bytes may cost to read.
  package init(upTo size: Int) {
    self.init()
    self.size = min(max(size, 65_536), Int(Int32.max))
    memory = max(memory, 4 * self.size)
  }
}

/// What the other end takes, as its hello says. Until that came, what every end takes.
package struct PeerLimits: Sendable {
  package private(set) var largestMessage = 65_536 - FrameHeader.byteCount
  var mostDescriptors = 0
  package var window = StreamCredit(messages: 1, bytes: 1, descriptors: 1)

  init() {}

  package init(_ hello: WireHello) {
    // No end takes more than the specification lets it, whatever it says.
    largestMessage =
      hello.largestMessage == 0
      ? Int(hello.largestPacket) - FrameHeader.byteCount
      : min(Int(clamping: hello.largestMessage), Int(Int32.max))
    mostDescriptors = Int(hello.mostDescriptors)
    guard let stream = hello.stream else { return }
    let told = StreamCredit(stream)
    window = StreamCredit(
      messages: max(told.messages, 1), bytes: max(told.bytes, 1),
      descriptors: max(told.descriptors, 1))
  }
}
