extension ProtoAny {
  private static let prefix = "type.googleapis.com/"

  /// Carries `message` under its full name. Throws when it holds descriptors, which only the
  /// message's own packet can carry.
  public init(packing message: some Message) throws(CodecError) {
    let encoded = try message.encoded()
    guard encoded.descriptors.isEmpty else {
      throw CodecError(.descriptor, "expected a message without descriptors to put into an Any")
    }
    self.init(typeUrl: Self.prefix + type(of: message).layout.name, value: encoded.bytes)
  }

  /// Whether the message inside is one of `type`, by the name behind the last slash.
  public func holds<M: Message>(_ type: M.Type) -> Bool {
    let start = typeUrl.lastIndex(of: "/").map { typeUrl.index(after: $0) } ?? typeUrl.startIndex
    return typeUrl[start...] == type.layout.name
  }

  /// The message inside. Throws when it is of another type, or is not valid.
  public func unpack<M: Message>(
    as type: M.Type = M.self, limits: CodecLimits = CodecLimits()
  ) throws(CodecError) -> M {
    guard holds(type) else {
      throw CodecError(
        .schema,
        "expected a \(type.layout.name) in the Any, got \(typeUrl.quoted)")
    }
    return try M(decoding: value, limits: limits)
  }
}
