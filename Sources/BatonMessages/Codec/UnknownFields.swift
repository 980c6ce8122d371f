/// Fields of a newer schema, kept as they came and written back behind the known ones.
public struct UnknownFields: Sendable, Hashable {
  /// Whole fields as on the wire: tag, then value.
  public let bytes: [UInt8]

  @inlinable
  public init() {
    bytes = []
  }

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  @inlinable
  public var isEmpty: Bool { bytes.isEmpty }
}
