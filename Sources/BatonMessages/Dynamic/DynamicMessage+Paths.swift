extension DynamicMessage {
  /// Every descriptor in the message with the path of its field, in the order of declaration:
  /// elements by place, maps by key. The descriptors stay owned by the message and its copies too.
  public var descriptors: [(path: String, descriptor: Descriptor)] {
    var found: [(path: String, descriptor: Descriptor)] = []
    var path = FieldPath()
    DynamicValue.message(self).collect(&path, &found)
    return found
  }

  /// What lies at the path: nil where an element, a key or a message on the way is absent. Throws
  /// when the path does not fit the message's type.
  public func value(at path: FieldPath) throws(CodecError) -> DynamicValue? {
    _ = try type.field(at: path)
    var current: DynamicValue? = .message(self)
    for step in path.steps {
      switch (step, current) {
      case (.field(let name), .message(let message)?): current = message[name]
      case (.bare(let text), .list(let elements)?):
        current = Int(text).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
      case (.bare(let text), .map(let elements)?), (.quoted(let text), .map(let elements)?):
        current = elements.first { $0.key.description.isExactly(text) }?.value
      default: return nil
      }
    }
    return current
  }
}

extension DynamicValue {
  fileprivate func collect(
    _ path: inout FieldPath, _ found: inout [(path: String, descriptor: Descriptor)]
  ) {
    switch self {
    case .descriptor(let descriptor): found.append((path.description, descriptor))
    case .message(let message):
      for (field, value) in message.fields {
        path.append(.field(field.name))
        value.collect(&path, &found)
        path.removeLast()
      }
    case .list(let values):
      for (index, value) in values.enumerated() {
        path.append(FieldPath.Step(index))
        value.collect(&path, &found)
        path.removeLast()
      }
    case .map(let values):
      for (key, value) in values.sorted(by: { $0.key < $1.key }) {
        path.append(FieldPath.Step(key))
        value.collect(&path, &found)
        path.removeLast()
      }
    default: return
    }
  }
}

extension MessageType {
  /// The field a path leads to, be it the whole of it or one element. Throws what the path names
  /// instead of which fields.
  public func field(at path: FieldPath) throws(CodecError) -> Field {
    var type: MessageType? = self
    var field: Field?
    var element = false
    for step in path.steps {
      if case .field(let name) = step {
        if let field { type = try field.held(element, path) }
        guard let type, let next = type.field(name) else {
          let names = SchemaPool.list(type?.fields.map(\.name) ?? [])
          throw CodecError(
            .schema, "\(type?.name ?? self.name) has no field \(name.quoted); it has \(names)",
            path: path.description)
        }
        field = next
        element = false
      } else {
        guard let field, !element, field.takes(step) else {
          throw CodecError(
            .schema, "\(field?.name ?? "the message") has no element \(step.text.quoted)",
            path: path.description)
        }
        element = true
      }
    }
    guard let field else { throw CodecError(.schema, "expected the name of a field, got none") }
    return field
  }
}

extension MessageType.Field {
  /// The type of the message that a path may go into behind this field.
  fileprivate func held(_ element: Bool, _ path: FieldPath) throws(CodecError) -> MessageType {
    let isMany =
      switch cardinality {
      case .repeated, .map: true
      default: false
      }
    if case .message(let type) = type, element == isMany { return type }
    throw CodecError(
      .schema, isMany ? "expected an element, \(name)[…], got the field" : "\(name) has no fields",
      path: path.description)
  }

  /// Whether the step can name one of the field's elements.
  fileprivate func takes(_ step: FieldPath.Step) -> Bool {
    switch (cardinality, step) {
    case (.repeated, .bare(let text)): Int(text).map { $0 >= 0 } ?? false
    case (.map(.string), _): true
    case (.map(.bool), .bare(let text)): text == "true" || text == "false"
    case (.map, .bare(let text)): Int64(text) != nil || UInt64(text) != nil
    default: false
    }
  }
}

extension FieldPath.Step {
  fileprivate var text: String {
    switch self {
    case .field(let text), .bare(let text), .quoted(let text): text
    }
  }
}
