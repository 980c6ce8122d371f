import BatonMessages

/// Makes the messages and enumerations of one file.
struct MessageBuilder {
  let index: SchemaIndex
  let graph: MessageGraph
  let places: SourcePlaces

  func message(
    _ message: DescriptorProto, _ fullName: String, _ path: [Int32]
  ) throws(Refusal) -> MessageModel {
    let fields = try FieldBuilder(
      index: index, graph: graph, places: places, message: message, fullName: fullName, path: path
    ).fields()
    let model = MessageModel(
      fullName: fullName, path: index.types[fullName]?.path ?? [],
      comment: places.comment(path), isDeprecated: message.options?.deprecated == true,
      isHashable: !graph.carriesDescriptors(fullName),
      members: members(fields, of: message, path),
      messages: try nested(message, fullName, path),
      enumerations: try enumerations(message, fullName, path))
    try refuseCollisions(model, message, path)
    return model
  }

  private func nested(
    _ message: DescriptorProto, _ fullName: String, _ path: [Int32]
  ) throws(Refusal) -> [MessageModel] {
    var models: [MessageModel] = []
    for (position, nested) in message.nestedType.enumerated()
    where nested.options?.mapEntry != true {
      models.append(
        try self.message(
          nested, "\(fullName).\(nested.name ?? "")", path + [3, Int32(position)]))
    }
    return models
  }

  private func enumerations(
    _ message: DescriptorProto, _ fullName: String, _ path: [Int32]
  ) throws(Refusal) -> [EnumModel] {
    var models: [EnumModel] = []
    for (position, nested) in message.enumType.enumerated() {
      models.append(
        try enumeration(nested, "\(fullName).\(nested.name ?? "")", path + [4, Int32(position)]))
    }
    return models
  }

  // MARK: Members

  /// In the schema's order, a oneof where its first member stands.
  private func members(
    _ fields: [FieldModel], of message: DescriptorProto, _ path: [Int32]
  ) -> [MessageModel.Member] {
    var seen: Set<Int> = []
    return fields.compactMap { field in
      guard case .oneof(let index) = field.shape else { return .field(field) }
      guard seen.insert(index).inserted else { return nil }
      return .oneof(oneof(index, fields, message, path))
    }
  }

  private func oneof(
    _ index: Int, _ fields: [FieldModel], _ message: DescriptorProto, _ path: [Int32]
  ) -> OneofModel {
    let schemaName = message.oneofDecl[index].name ?? ""
    let members = fields.filter { field in
      if case .oneof(index) = field.shape { true } else { false }
    }
    let name = SwiftName.member(schemaName)
    return OneofModel(
      index: index, schemaName: schemaName,
      typeName: SchemaIndex.typeName(schemaName, "Oneof"),
      name: ["self", "hashValue", "unknownFields"].contains(name) ? name + "Field" : name,
      comment: places.comment(path + [8, Int32(index)]), members: members,
      isHashable: members.allSatisfy(isHashable))
  }

  private func isHashable(_ field: FieldModel) -> Bool {
    switch field.value {
    case .descriptor: false
    case .message(let type): !graph.carriesDescriptors(type.fullName)
    default: true
    }
  }

  private func refuseCollisions(
    _ model: MessageModel, _ message: DescriptorProto, _ path: [Int32]
  ) throws(Refusal) {
    var properties = NameRegister()
    for member in model.members {
      switch member {
      case .field(let field): try take(field, in: &properties, message, model.fullName, path)
      case .oneof(let oneof):
        try properties.take(
          oneof.name, for: "\(model.fullName).\(oneof.schemaName)",
          at: places.place(path + [8, Int32(oneof.index)]))
        var cases = NameRegister()
        for field in oneof.members {
          try take(field, in: &cases, message, model.fullName, path)
        }
      }
    }
    try refuseTypeCollisions(model, message, path)
  }

  private func take(
    _ field: FieldModel, in names: inout NameRegister, _ message: DescriptorProto,
    _ fullName: String, _ path: [Int32]
  ) throws(Refusal) {
    let position = message.field.firstIndex { $0.number == field.number } ?? 0
    try names.take(
      field.name, for: "\(fullName).\(field.schemaName)",
      at: places.place(path + [2, Int32(position)]))
  }

  private func refuseTypeCollisions(
    _ model: MessageModel, _ message: DescriptorProto, _ path: [Int32]
  ) throws(Refusal) {
    var types = NameRegister()
    func take(_ name: String?, _ suffix: String, _ path: [Int32]) throws(Refusal) {
      try types.take(
        SchemaIndex.typeName(name, suffix), for: "\(model.fullName).\(name ?? "")",
        at: places.place(path))
    }
    for (position, nested) in message.nestedType.enumerated()
    where nested.options?.mapEntry != true {
      try take(nested.name, "Message", path + [3, Int32(position)])
    }
    for (position, nested) in message.enumType.enumerated() {
      try take(nested.name, "Enum", path + [4, Int32(position)])
    }
    for (position, oneof) in message.oneofDecl.enumerated() where message.isReal(oneof: position) {
      try take(oneof.name, "Oneof", path + [8, Int32(position)])
    }
  }
}
