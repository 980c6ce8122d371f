/// What a message may cost to read. Every limit is checked before memory is spent.
public struct CodecLimits: Sendable, Hashable {
  /// Bytes of the encoded message. 64 MiB by default.
  public var size: Int
  /// Levels of messages inside messages; the outermost is the first. 100 by default, at most 128.
  public var nesting: Int
  /// Elements of repeated and map fields and unknown fields, all together. One million by default.
  public var elements: Int
  /// Bytes of memory the message may be unpacked into. 256 MiB by default.
  public var memory: Int

  /// What a writer keeps to, so that every reader can follow.
  public static let defaultNesting = 100

  public init(
    size: Int = 64 << 20, nesting: Int = defaultNesting, elements: Int = 1_000_000,
    memory: Int = 256 << 20
  ) {
    self.size = size
    self.nesting = nesting
    self.elements = elements
    self.memory = memory
  }
}
