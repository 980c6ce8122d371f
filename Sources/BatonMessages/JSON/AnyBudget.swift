/// What is left for the messages in `google.protobuf.Any` of one printing
/// (``JSONEncodingOptions/anyLimits``).
struct AnyBudget {
  private let limits: CodecLimits
  private var size: Int
  private var elements: Int

  init(_ limits: CodecLimits) {
    self.limits = limits
    size = limits.size
    elements = limits.elements
  }

  /// Reads a message from an Any's value.
  mutating func read(_ bytes: [UInt8], _ type: MessageType) throws(CodecError) -> DynamicMessage {
    if bytes.count > size { throw Self.exceeded("\(limits.size) bytes") }
    size -= bytes.count
    var left = limits
    left.elements = elements
    let message = try DynamicMessage(decoding: bytes, type: type, limits: left)
    elements -= message.elementCount
    if elements < 0 { throw Self.exceeded("\(limits.elements) elements and messages") }
    return message
  }

  private static func exceeded(_ most: String) -> CodecError {
    CodecError(.limit, "expected at most \(most) in all of google.protobuf.Any together")
  }
}

extension DynamicMessage {
  /// Elements of repeated and map fields and messages, those of messages inside included.
  fileprivate var elementCount: Int { values.values.reduce(0) { $0 + $1.elementCount } }
}

extension DynamicValue {
  fileprivate var elementCount: Int {
    switch self {
    case .message(let message): 1 + message.elementCount
    case .list(let values): values.reduce(values.count) { $0 + $1.elementCount }
    case .map(let values): values.values.reduce(values.count) { $0 + $1.elementCount }
    default: 0
    }
  }
}
