import BatonMessages

/// Makes the fields of one message, and refuses those that cannot be served.
struct FieldBuilder {
  let index: SchemaIndex
  let graph: MessageGraph
  let places: SourcePlaces
  let message: DescriptorProto
  let fullName: String
  /// The message's place in the file.
  let path: [Int32]

  func fields() throws(Refusal) -> [FieldModel] {
    let slots = slots()
    var fields: [FieldModel] = []
    for (position, field) in message.field.enumerated() {
      fields.append(try make(field, path + [2, Int32(position)], slots))
    }
    return fields
  }

  private func make(
    _ field: FieldDescriptorProto, _ path: [Int32], _ slots: [Int32: Int]
  ) throws(Refusal) -> FieldModel {
    let place = places.place(path)
    let name = field.name ?? ""
    let entry = mapEntry(field)
    let value = try value(field, entry?.field.last ?? field, place)
    let shape = try shape(field, entry, value, place)
    return FieldModel(
      number: field.number ?? 0, schemaName: name, name: Self.swiftName(name, shape),
      comment: places.comment(path), isDeprecated: field.options?.deprecated == true,
      value: value, shape: shape, slot: slots[field.number ?? 0] ?? 0,
      isRecursive: graph.isRecursive(field, in: fullName))
  }

  /// Names that mean something else on a message, or on an optional oneof, get a suffix.
  private static func swiftName(_ schemaName: String, _ shape: FieldModel.Shape) -> String {
    let name = SwiftName.member(schemaName)
    if case .oneof = shape { return ["none", "some"].contains(name) ? name + "Case" : name }
    return ["self", "hashValue", "unknownFields"].contains(name) ? name + "Field" : name
  }

  /// The slots as the codec will assign them.
  private func slots() -> [Int32: Int] {
    let layouts = message.field.map { field in
      FieldLayout(
        UInt32(field.number ?? 0), "", .int32, oneof(field).map { .oneof($0) } ?? .singular)
    }
    let ascending = layouts.sorted { $0.number < $1.number }
    let slots = MessageLayout.slots(of: ascending).slots
    return Dictionary(
      zip(ascending.map { Int32($0.number) }, slots), uniquingKeysWith: { first, _ in first })
  }

  private func oneof(_ field: FieldDescriptorProto) -> Int? {
    field.proto3Optional == true ? nil : field.oneofIndex.map(Int.init)
  }

  private func mapEntry(_ field: FieldDescriptorProto) -> DescriptorProto? {
    guard field.type == .message, let entry = index.type(field.typeName)?.message,
      entry.options?.mapEntry == true
    else { return nil }
    return entry
  }

  // MARK: Types

  /// `carrier` is the field itself, or the value of a map's entry.
  private func value(
    _ field: FieldDescriptorProto, _ carrier: FieldDescriptorProto, _ place: String
  ) throws(Refusal) -> ValueType {
    if let option = field.options?.descriptor {
      return .descriptor(try contract(option, field, carrier, place))
    }
    if let scalar = Scalar(carrier.type) { return .scalar(scalar) }
    let type = try index.reachable(carrier.typeName, for: name(field), at: place)
    switch type.form {
    case .message: return .message(type)
    case .enumeration: return .enumeration(type)
    }
  }

  private func contract(
    _ option: SchemaDescriptor, _ field: FieldDescriptorProto, _ carrier: FieldDescriptorProto,
    _ place: String
  ) throws(Refusal) -> DescriptorContract {
    guard carrier.type == .uint32 else {
      throw Refusal(
        place,
        """
        \(name(field)) carries a descriptor, so its type must be uint32, not \
        \(Self.typeName(carrier)); change the type or remove (baton.descriptor)
        """)
    }
    guard let kind = DescriptorKind(rawValue: option.kind.rawValue),
      let access = DescriptorAccess(rawValue: option.access.rawValue)
    else {
      throw Refusal(
        place, "\(name(field)) asks for a kind or access of descriptor that is not known")
    }
    if kind == .pathOnly && access != .any {
      throw Refusal(
        place,
        "\(name(field)) asks for access to a PATH_ONLY descriptor, which has none; remove access")
    }
    if kind == .directory && (access == .write || access == .readWrite) {
      throw Refusal(
        place,
        """
        \(name(field)) asks to write to a DIRECTORY, which the kernel opens for reading only; \
        ask for READ
        """)
    }
    return DescriptorContract(kind: kind, access: access, required: option.required)
  }

  private func shape(
    _ field: FieldDescriptorProto, _ entry: DescriptorProto?, _ value: ValueType, _ place: String
  ) throws(Refusal) -> FieldModel.Shape {
    let isRequired = if case .descriptor(let contract) = value { contract.required } else { false }
    if isRequired, let position = position(field, entry) {
      throw Refusal(
        place,
        "\(name(field)) is \(position), where a descriptor cannot be required; remove required")
    }
    if let entry {
      guard let key = Scalar(entry.field.first?.type) else {
        throw Refusal(place, "\(name(field)) is a map whose key is of no scalar type")
      }
      return .map(key: key, entry: entry.name ?? "")
    }
    if field.label == .repeated { return .repeated(packed: field.options?.packed ?? true) }
    if let oneof = oneof(field) { return .oneof(oneof) }
    if isRequired { return .required }
    switch value {
    case .message, .descriptor: return .optional
    default: return field.proto3Optional == true ? .optional : .singular
    }
  }

  /// Where a value may be absent whatever the descriptor's option says.
  private func position(_ field: FieldDescriptorProto, _ entry: DescriptorProto?) -> String? {
    if entry != nil { return "a map" }
    if field.label == .repeated { return "repeated" }
    if oneof(field) != nil { return "a member of a oneof" }
    return field.proto3Optional == true ? "optional" : nil
  }

  private func name(_ field: FieldDescriptorProto) -> String {
    "\(fullName).\(field.name ?? "")"
  }

  private static func typeName(_ field: FieldDescriptorProto) -> String {
    if let scalar = Scalar(field.type) { return scalar.rawValue }
    return String((field.typeName ?? "").dropFirst())
  }
}
