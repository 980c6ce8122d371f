/// How much of a stream may be on its way: messages, their bytes, and the descriptors with them.
package struct StreamCredit: Sendable, Equatable {
  var messages: Int
  var bytes: Int
  var descriptors: Int

  static let none = StreamCredit(messages: 0, bytes: 0, descriptors: 0)

  /// A grant beyond this is not counted: nobody means it.
  private static let most = 1 << 40

  package init(messages: Int, bytes: Int, descriptors: Int) {
    self.messages = messages
    self.bytes = bytes
    self.descriptors = descriptors
  }

  /// Whether one more message may leave, which may use up more than there is: credit is asked for
  /// being there, not for being enough, so that a message of any size leaves at last.
  func allows(descriptors count: Int) -> Bool {
    messages > 0 && bytes > 0 && (count == 0 || descriptors > 0)
  }

  mutating func add(_ other: StreamCredit) {
    messages = min(messages + other.messages, Self.most)
    bytes = min(bytes + other.bytes, Self.most)
    descriptors = min(descriptors + other.descriptors, Self.most)
  }

  mutating func use(bytes size: Int, descriptors count: Int) {
    messages -= 1
    bytes -= size
    descriptors -= count
  }

  /// Whether it is at least half of `window` in any respect, and so worth telling.
  func isHalf(of window: StreamCredit) -> Bool {
    2 * messages >= window.messages || 2 * bytes >= window.bytes
      || 2 * descriptors >= window.descriptors
  }
}

extension StreamCredit {
  init(_ wire: WireCredit) {
    messages = Int(wire.messages)
    bytes = Int(min(wire.bytes, UInt64(Self.most)))
    descriptors = Int(wire.descriptors)
  }

  var wire: WireCredit {
    WireCredit(
      messages: UInt32(clamping: messages), bytes: UInt64(clamping: bytes),
      descriptors: UInt32(clamping: descriptors))
  }
}
