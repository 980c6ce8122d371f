// The JSON forms of protobuf's own messages. Their fields' types are as expected:
// WellKnownType.fits(_:in:).

extension JSONMessageDecoder {
  mutating func wellKnown(
    _ wellKnown: WellKnownType, _ node: JSONNode, _ type: MessageType
  ) throws(CodecError) -> DynamicMessage {
    switch wellKnown {
    case .any: try any(node, type)
    case .timestamp: try time(node, type, JSONTimestamp.parse, JSONTimestamp.expected)
    case .duration: try time(node, type, JSONDuration.parse, JSONDuration.expected)
    case .fieldMask: try fieldMask(node, type)
    case .structure: try structure(node, type)
    case .value: try anything(node, type)
    case .listValue: try listValue(node, type)
    case .wrapper: try wrapper(node, type)
    }
  }

  private func make(
    _ type: MessageType, _ values: [(UInt32, DynamicValue)]
  ) throws(CodecError) -> DynamicMessage {
    var message = try DynamicMessage(type)
    let record = type.record
    for (number, value) in values {
      guard let index = record.byNumber[number] else { continue }
      message.store(index, value, record)
    }
    return message
  }

  private func time(
    _ node: JSONNode, _ type: MessageType,
    _ parse: (String) -> (seconds: Int64, nanos: Int32)?, _ expected: String
  ) throws(CodecError) -> DynamicMessage {
    guard let time = parse(try string(node, expected)) else {
      throw error(node, "expected \(expected), got \(node.kind)")
    }
    return try make(type, [(1, .int64(time.seconds)), (2, .int32(time.nanos))])
  }

  private func fieldMask(
    _ node: JSONNode, _ type: MessageType
  ) throws(CodecError) -> DynamicMessage {
    let expected = "field paths in lowerCamelCase with commas between them"
    guard let paths = JSONFieldMask.parse(try string(node, expected)) else {
      throw error(node, "expected \(expected), got \(node.kind)")
    }
    return try make(type, [(1, .list(paths.map { .string($0) }))])
  }

  private mutating func wrapper(
    _ node: JSONNode, _ type: MessageType
  ) throws(CodecError) -> DynamicMessage {
    let value = try scalar(node, type.record.fields[0].value)
    return try make(type, [(1, value)])
  }

  // MARK: Struct

  private mutating func structure(
    _ node: JSONNode, _ type: MessageType
  ) throws(CodecError) -> DynamicMessage {
    guard case .object(let members) = node.value else {
      throw error(node, "expected an object, got \(node.kind)")
    }
    guard let inner = type.entry(of: type.record.fields[0])?.value.value else {
      return try DynamicMessage(type)
    }
    var values: [DynamicMapKey: DynamicValue] = [:]
    for member in members {
      values[.string(member.name)] = try inside(.quoted(member.name)) {
        (decoder) throws(CodecError) in try decoder.value(member.node, inner, type.pool)
      }
    }
    return try make(type, [(1, .map(values))])
  }

  private mutating func listValue(
    _ node: JSONNode, _ type: MessageType
  ) throws(CodecError) -> DynamicMessage {
    guard case .array(let elements) = node.value else {
      throw error(node, "expected an array, got \(node.kind)")
    }
    var values: [DynamicValue] = []
    for (index, element) in elements.enumerated() {
      let value = try inside(FieldPath.Step(index)) { (decoder) throws(CodecError) in
        try decoder.value(element, type.record.fields[0].value, type.pool)
      }
      if let value { values.append(value) }
    }
    return try make(type, [(1, .list(values))])
  }

  /// `google.protobuf.Value`.
  private mutating func anything(
    _ node: JSONNode, _ type: MessageType
  ) throws(CodecError) -> DynamicMessage {
    let value: (UInt32, DynamicValue) =
      switch node.value {
      case .null: (1, .enumeration(0))
      case .number: (2, .double(try floating(node)))
      case .string(let text): (3, .string(text))
      case .bool(let value): (4, .bool(value))
      case .object: (5, .message(try message(node, try held(5, type))))
      case .array: (6, .message(try message(node, try held(6, type))))
      }
    return try make(type, [value])
  }

  private func held(_ number: UInt32, _ type: MessageType) throws(CodecError) -> MessageType {
    if case .message(let held)? = type.field(number: number)?.type { return held }
    throw CodecError(.schema, "expected a message in field \(number) of \(type.name)")
  }

  // MARK: Any

  private mutating func any(
    _ node: JSONNode, _ type: MessageType
  ) throws(CodecError) -> DynamicMessage {
    guard case .object(let members) = node.value else {
      throw error(node, "expected an object with \"@type\", got \(node.kind)")
    }
    if members.isEmpty { return try DynamicMessage(type) }
    guard let name = members.first(where: { $0.name.isExactly("@type") })?.node else {
      throw error(node, "expected \"@type\" beside the fields")
    }
    let url = try string(name, "the type's URL")
    guard let packed = type.pool.message(typeURL: url) else {
      throw error(name, "expected a URL that ends in a slash and a known type, got \(name.kind)")
    }
    let content = try content(members.filter { !$0.name.isExactly("@type") }, node, packed)
      .encoded()
    if !content.descriptors.isEmpty {
      throw error(node, "a message inside google.protobuf.Any cannot carry descriptors")
    }
    return try make(type, [(1, .string(url)), (2, .bytes(content.bytes))])
  }

  private mutating func content(
    _ members: [JSONMember], _ node: JSONNode, _ type: MessageType
  ) throws(CodecError) -> DynamicMessage {
    if type.record.wellKnown == nil { return try message(members, type) }
    guard let value = members.first(where: { $0.name.isExactly("value") }),
      members.count == 1 || options.ignoreUnknownFields
    else { throw error(node, "expected \"@type\" and \"value\", as \(type.name) is no object") }
    return try message(value.node, type)
  }
}

extension SchemaPool {
  /// The type behind the last slash of a `google.protobuf.Any`'s URL.
  func message(typeURL url: String) -> MessageType? {
    // By bytes: going back over a long character takes a time that is quadratic.
    guard let slash = url.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
    return message(String(url[url.utf8.index(after: slash)...]))
  }
}
