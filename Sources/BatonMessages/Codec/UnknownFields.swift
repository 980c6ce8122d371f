/// Fields of a newer schema, kept as they came and written back behind the known ones.
public struct UnknownFields: Sendable, Hashable {
  /// Whole fields as on the wire: tag, then value.
  public private(set) var bytes: [UInt8]

  public init() {
    bytes = []
  }

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  public var isEmpty: Bool { bytes.isEmpty }
}
