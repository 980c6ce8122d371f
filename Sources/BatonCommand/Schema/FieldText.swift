import BatonMessages

/// The parts of a field's declaration as schema text: type, label, options.
struct FieldText {
  let field: FieldDescriptorProto
  let isProto3: Bool
  /// The message of a map's entries, where the field is a map.
  let mapEntry: DescriptorProto?
  /// From the full name with a leading dot to the one to print.
  let typeName: (String) -> String

  static func mapEntry(
    of field: FieldDescriptorProto, in message: DescriptorProto, _ fullName: String
  ) -> DescriptorProto? {
    guard field.label == .repeated, let type = field.typeName else { return nil }
    return message.nestedType.first {
      $0.options?.mapEntry == true && $0.field.count == 2 && type == ".\(fullName).\($0.name ?? "")"
    }
  }

  /// `repeated uint32 files = 1 [(baton.descriptor) = {access: READ}];`
  var declaration: String {
    let parts = [label, type, field.name ?? "", "=", "\(field.number ?? 0)"]
    let options = options.isEmpty ? "" : " [\(options.joined(separator: ", "))]"
    return parts.compactMap(\.self).joined(separator: " ") + options + ";"
  }

  private var label: String? {
    if mapEntry != nil { return nil }
    switch field.label {
    case .repeated?: return "repeated"
    case .required?: return "required"
    default:
      if isProto3 { return field.proto3Optional == true ? "optional" : nil }
      return field.oneofIndex == nil ? "optional" : nil
    }
  }

  private var type: String {
    guard let mapEntry else { return name(of: field) }
    return "map<\(name(of: mapEntry.field[0])), \(name(of: mapEntry.field[1]))>"
  }

  private func name(of field: FieldDescriptorProto) -> String {
    switch field.type {
    case .message?, .enumeration?, .group?: typeName(field.typeName ?? "")
    case let type?: Self.scalars[type] ?? "type\(type.rawValue)"
    case nil: typeName(field.typeName ?? "")
    }
  }

  private static let scalars: [FieldDescriptorProto.Kind: String] = [
    .double: "double", .float: "float", .int64: "int64", .uint64: "uint64", .int32: "int32",
    .fixed64: "fixed64", .fixed32: "fixed32", .bool: "bool", .string: "string", .bytes: "bytes",
    .uint32: "uint32", .sfixed32: "sfixed32", .sfixed64: "sfixed64", .sint32: "sint32",
    .sint64: "sint64",
  ]

  private var options: [String] {
    var options: [String] = []
    if let value = field.defaultValue { options.append("default = \(quoted(value))") }
    if let name = field.jsonName, name != Self.jsonName(field.name ?? "") {
      options.append("json_name = \(SchemaWriter.quote(name))")
    }
    if let packed = field.options?.packed { options.append("packed = \(packed)") }
    if let deprecated = field.options?.deprecated { options.append("deprecated = \(deprecated)") }
    if let descriptor = field.options?.descriptor {
      options.append("(baton.descriptor) = \(Self.contract(descriptor))")
    }
    return options
  }

  /// proto2's defaults; those of `bytes` fields are kept escaped as they were written.
  private func quoted(_ value: String) -> String {
    switch field.type {
    case .string?: SchemaWriter.quote(value)
    case .bytes?: "\"\(value)\""
    default: value
    }
  }

  private static func contract(_ options: SchemaDescriptor) -> String {
    var parts: [String] = []
    if options.kind.rawValue != 0 {
      let kind = DescriptorKind(rawValue: options.kind.rawValue)
      parts.append("kind: \(kind?.schemaName ?? "\(options.kind.rawValue)")")
    }
    if options.access.rawValue != 0 {
      let access = DescriptorAccess(rawValue: options.access.rawValue)
      parts.append("access: \(access?.schemaName ?? "\(options.access.rawValue)")")
    }
    if options.required { parts.append("required: true") }
    return "{\(parts.joined(separator: ", "))}"
  }

  /// The name protobuf gives a field in JSON: `next_page` becomes `nextPage`.
  private static func jsonName(_ name: String) -> String {
    var result = ""
    var capitalise = false
    for character in name {
      if character == "_" {
        capitalise = true
      } else {
        result += capitalise ? character.uppercased() : String(character)
        capitalise = false
      }
    }
    return result
  }
}
