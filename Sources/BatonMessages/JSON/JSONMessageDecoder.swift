/// JSON nodes to dynamic messages.
struct JSONMessageDecoder {
  let options: JSONDecodingOptions
  /// Of the value that is being read.
  private(set) var path = FieldPath()

  init(options: JSONDecodingOptions) {
    self.options = options
  }

  mutating func message(
    _ node: JSONNode, _ type: MessageType
  ) throws(CodecError) -> DynamicMessage {
    if let wellKnown = type.record.wellKnown { return try self.wellKnown(wellKnown, node, type) }
    guard case .object(let members) = node.value else {
      throw error(node, "expected an object for \(type.name), got \(node.kind)")
    }
    return try message(members, type)
  }

  mutating func message(
    _ members: [JSONMember], _ type: MessageType
  ) throws(CodecError) -> DynamicMessage {
    var message = try DynamicMessage(type)
    let record = type.record
    var seen: [Int: String] = [:]
    var oneofs: [Int: String] = [:]
    for member in members {
      guard let index = record.byName[ExactString(member.name)] else {
        if options.ignoreUnknownFields { continue }
        throw unknown(member, type)
      }
      if let other = seen.updateValue(member.name, forKey: index) {
        throw error(member, "the field came twice, as \(other) and as \(member.name)")
      }
      let field = record.fields[index]
      let value = try inside(.field(field.name)) { (decoder) throws(CodecError) in
        try decoder.field(member.node, field, type)
      }
      guard let value else { continue }
      if case .oneof(let oneof) = field.cardinality,
        let other = oneofs.updateValue(member.name, forKey: oneof)
      {
        throw error(member, "\(member.name) and \(other) exclude each other")
      }
      message.store(index, value, record)
    }
    return message
  }

  /// Nil where the field is to stay unset.
  private mutating func field(
    _ node: JSONNode, _ field: FieldRecord, _ type: MessageType
  ) throws(CodecError) -> DynamicValue? {
    if case .null = node.value, !takesNull(field, type.pool) { return nil }
    switch field.cardinality {
    case .repeated: return try list(node, field.value, type.pool)
    case .map: return try map(node, field, type)
    default: return try value(node, field.value, type.pool)
    }
  }

  /// Whether null is a value of the field and not its absence.
  private func takesNull(_ field: FieldRecord, _ pool: SchemaPool) -> Bool {
    switch (field.cardinality, field.value) {
    case (.repeated, _), (.map, _): false
    case (_, .enumeration(let index)): pool.enums[index].name == WellKnownType.nullValue
    case (_, .message(let index)): pool.messages[index].wellKnown == .value
    default: false
    }
  }

  private mutating func list(
    _ node: JSONNode, _ type: FieldRecord.Value, _ pool: SchemaPool
  ) throws(CodecError) -> DynamicValue {
    guard case .array(let elements) = node.value else {
      throw error(node, "expected an array, got \(node.kind)")
    }
    var values: [DynamicValue] = []
    for (index, element) in elements.enumerated() {
      let value = try inside(FieldPath.Step(index)) { (decoder) throws(CodecError) in
        try decoder.value(element, type, pool)
      }
      if let value { values.append(value) }
    }
    return .list(values)
  }

  private mutating func map(
    _ node: JSONNode, _ field: FieldRecord, _ type: MessageType
  ) throws(CodecError) -> DynamicValue? {
    guard case .object(let members) = node.value else {
      throw error(node, "expected an object, got \(node.kind)")
    }
    guard let (keyField, valueField) = type.entry(of: field) else { return nil }
    var values: [DynamicMapKey: DynamicValue] = [:]
    for member in members {
      let key = try key(member, keyField.value)
      let value = try inside(FieldPath.Step(key)) { (decoder) throws(CodecError) in
        try decoder.value(member.node, valueField.value, type.pool)
      }
      guard let value else { continue }
      if values.updateValue(value, forKey: key) != nil {
        throw error(member, "the key \(key.description.quoted) came twice")
      }
    }
    return .map(values)
  }

  private func key(
    _ member: JSONMember, _ type: FieldRecord.Value
  ) throws(CodecError) -> DynamicMapKey {
    let text = JSONNode(value: .string(member.name), offset: member.offset)
    switch type {
    case .int32, .sint32, .sfixed32: return .int32(try integer(text))
    case .int64, .sint64, .sfixed64: return .int64(try integer(text))
    case .uint32, .fixed32: return .uint32(try integer(text))
    case .uint64, .fixed64: return .uint64(try integer(text))
    case .bool:
      if member.name.isExactly("true") { return .bool(true) }
      if member.name.isExactly("false") { return .bool(false) }
      throw error(text, "expected \"true\" or \"false\", got \(text.kind)")
    default: return .string(member.name)
    }
  }

  /// Nil for the unknown name of an enumeration's value that is to be ignored.
  mutating func value(
    _ node: JSONNode, _ type: FieldRecord.Value, _ pool: SchemaPool
  ) throws(CodecError) -> DynamicValue? {
    switch type {
    case .message(let index): .message(try message(node, MessageType(pool: pool, index: index)))
    case .enumeration(let index):
      try enumeration(node, pool.enums[index]).map { .enumeration($0) }
    case .descriptor(let contract): .descriptor(try descriptor(node, contract))
    default: try scalar(node, type)
    }
  }

  private func descriptor(
    _ node: JSONNode, _ contract: DescriptorContract
  ) throws(CodecError) -> Descriptor {
    guard let open = options.descriptor else {
      throw error(node, "the field is a descriptor, which JSON alone cannot carry")
    }
    guard case .string(let text) = node.value else {
      throw error(node, "expected a string that names a descriptor, got \(node.kind)")
    }
    do {
      return try open(text, path.description, contract)
    } catch let failure as CodecError {
      throw CodecError(
        failure.kind, failure.message, path: path.description, offset: node.offset)
    } catch let failure {
      throw CodecError(
        .descriptor, "\(failure)", path: path.description, offset: node.offset)
    }
  }

  // MARK: Places

  mutating func inside<Result>(
    _ step: FieldPath.Step,
    _ body: (inout JSONMessageDecoder) throws(CodecError) -> Result
  ) throws(CodecError) -> Result {
    path.append(step)
    defer { path.removeLast() }
    return try body(&self)
  }

  func error(_ node: JSONNode, _ message: String) -> CodecError {
    CodecError(.json, message, path: path.description, offset: node.offset)
  }
  func error(_ member: JSONMember, _ message: String) -> CodecError {
    CodecError(.json, message, path: path.description, offset: member.offset)
  }
  private func unknown(_ member: JSONMember, _ type: MessageType) -> CodecError {
    let names = SchemaPool.list(type.record.fields.map(\.jsonName))
    return error(
      member, "\(type.name) has no field \(member.name.quoted); it has \(names)")
  }
}
