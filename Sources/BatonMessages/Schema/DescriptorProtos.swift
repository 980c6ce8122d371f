// The messages of google/protobuf/descriptor.proto and plugin.proto that Baton reads, as proto3.
// Fields it has no use for stay in the unknown fields.

public struct FileDescriptorSet: Message, Hashable {
  public var file: [FileDescriptorProto]
  public var unknownFields = UnknownFields()

  public init(
    file: [FileDescriptorProto] = []
  ) {
    self.file = file
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.FileDescriptorSet",
    [
      FieldLayout(1, "file", .message { FileDescriptorProto.layout }, .repeated)
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    file = try fields.repeatedMessage(0)
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    try fields.repeatedMessage(0, file)
    fields.unknown(unknownFields)
  }
}

public struct FileDescriptorProto: Message, Hashable {
  public var name: String?
  public var package: String?
  public var dependency: [String]
  public var messageType: [DescriptorProto]
  public var enumType: [EnumDescriptorProto]
  public var service: [ServiceDescriptorProto]
  public var `extension`: [FieldDescriptorProto]
  public var options: FileOptions?
  public var sourceCodeInfo: SourceCodeInfo?
  public var publicDependency: [Int32]
  public var weakDependency: [Int32]
  public var syntax: String?
  public var unknownFields = UnknownFields()

  public init(
    name: String? = nil,
    package: String? = nil,
    dependency: [String] = [],
    messageType: [DescriptorProto] = [],
    enumType: [EnumDescriptorProto] = [],
    service: [ServiceDescriptorProto] = [],
    `extension`: [FieldDescriptorProto] = [],
    options: FileOptions? = nil,
    sourceCodeInfo: SourceCodeInfo? = nil,
    publicDependency: [Int32] = [],
    weakDependency: [Int32] = [],
    syntax: String? = nil
  ) {
    self.name = name
    self.package = package
    self.dependency = dependency
    self.messageType = messageType
    self.enumType = enumType
    self.service = service
    self.extension = `extension`
    self.options = options
    self.sourceCodeInfo = sourceCodeInfo
    self.publicDependency = publicDependency
    self.weakDependency = weakDependency
    self.syntax = syntax
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.FileDescriptorProto",
    [
      FieldLayout(1, "name", .string, .optional),
      FieldLayout(2, "package", .string, .optional),
      FieldLayout(3, "dependency", .string, .repeated),
      FieldLayout(4, "message_type", .message { DescriptorProto.layout }, .repeated),
      FieldLayout(5, "enum_type", .message { EnumDescriptorProto.layout }, .repeated),
      FieldLayout(6, "service", .message { ServiceDescriptorProto.layout }, .repeated),
      FieldLayout(7, "extension", .message { FieldDescriptorProto.layout }, .repeated),
      FieldLayout(8, "options", .message { FileOptions.layout }, .optional),
      FieldLayout(9, "source_code_info", .message { SourceCodeInfo.layout }, .optional),
      FieldLayout(10, "public_dependency", .int32, .repeated),
      FieldLayout(11, "weak_dependency", .int32, .repeated),
      FieldLayout(12, "syntax", .string, .optional),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    name = fields.has(0) ? try fields.string(0) : nil
    package = fields.has(1) ? try fields.string(1) : nil
    dependency = try fields.repeatedString(2)
    messageType = try fields.repeatedMessage(3)
    enumType = try fields.repeatedMessage(4)
    service = try fields.repeatedMessage(5)
    `extension` = try fields.repeatedMessage(6)
    options = try fields.message(7)
    sourceCodeInfo = try fields.message(8)
    publicDependency = fields.repeatedInt32(9)
    weakDependency = fields.repeatedInt32(10)
    syntax = fields.has(11) ? try fields.string(11) : nil
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let name { fields.string(0, name, mark: 1) }
    if let package { fields.string(1, package, mark: 1) }
    fields.repeatedString(2, dependency)
    try fields.repeatedMessage(3, messageType)
    try fields.repeatedMessage(4, enumType)
    try fields.repeatedMessage(5, service)
    try fields.repeatedMessage(6, `extension`)
    try fields.message(7, options)
    try fields.message(8, sourceCodeInfo)
    fields.repeatedInt32(9, publicDependency)
    fields.repeatedInt32(10, weakDependency)
    if let syntax { fields.string(11, syntax, mark: 1) }
    fields.unknown(unknownFields)
  }
}

public struct DescriptorProto: Message, Hashable {
  public var name: String?
  public var field: [FieldDescriptorProto]
  public var nestedType: [DescriptorProto]
  public var enumType: [EnumDescriptorProto]
  public var `extension`: [FieldDescriptorProto]
  public var options: MessageOptions?
  public var oneofDecl: [OneofDescriptorProto]
  public var unknownFields = UnknownFields()

  public init(
    name: String? = nil,
    field: [FieldDescriptorProto] = [],
    nestedType: [DescriptorProto] = [],
    enumType: [EnumDescriptorProto] = [],
    `extension`: [FieldDescriptorProto] = [],
    options: MessageOptions? = nil,
    oneofDecl: [OneofDescriptorProto] = []
  ) {
    self.name = name
    self.field = field
    self.nestedType = nestedType
    self.enumType = enumType
    self.extension = `extension`
    self.options = options
    self.oneofDecl = oneofDecl
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.DescriptorProto",
    [
      FieldLayout(1, "name", .string, .optional),
      FieldLayout(2, "field", .message { FieldDescriptorProto.layout }, .repeated),
      FieldLayout(3, "nested_type", .message { DescriptorProto.layout }, .repeated),
      FieldLayout(4, "enum_type", .message { EnumDescriptorProto.layout }, .repeated),
      FieldLayout(6, "extension", .message { FieldDescriptorProto.layout }, .repeated),
      FieldLayout(7, "options", .message { MessageOptions.layout }, .optional),
      FieldLayout(8, "oneof_decl", .message { OneofDescriptorProto.layout }, .repeated),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    name = fields.has(0) ? try fields.string(0) : nil
    field = try fields.repeatedMessage(1)
    nestedType = try fields.repeatedMessage(2)
    enumType = try fields.repeatedMessage(3)
    `extension` = try fields.repeatedMessage(4)
    options = try fields.message(5)
    oneofDecl = try fields.repeatedMessage(6)
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let name { fields.string(0, name, mark: 1) }
    try fields.repeatedMessage(1, field)
    try fields.repeatedMessage(2, nestedType)
    try fields.repeatedMessage(3, enumType)
    try fields.repeatedMessage(4, `extension`)
    try fields.message(5, options)
    try fields.repeatedMessage(6, oneofDecl)
    fields.unknown(unknownFields)
  }
}

public struct FieldDescriptorProto: Message, Hashable {
  public var name: String?
  public var extendee: String?
  public var number: Int32?
  public var label: Label?
  public var type: Kind?
  public var typeName: String?
  public var defaultValue: String?
  public var options: FieldOptions?
  public var oneofIndex: Int32?
  public var jsonName: String?
  public var proto3Optional: Bool?
  public var unknownFields = UnknownFields()

  public init(
    name: String? = nil,
    extendee: String? = nil,
    number: Int32? = nil,
    label: Label? = nil,
    type: Kind? = nil,
    typeName: String? = nil,
    defaultValue: String? = nil,
    options: FieldOptions? = nil,
    oneofIndex: Int32? = nil,
    jsonName: String? = nil,
    proto3Optional: Bool? = nil
  ) {
    self.name = name
    self.extendee = extendee
    self.number = number
    self.label = label
    self.type = type
    self.typeName = typeName
    self.defaultValue = defaultValue
    self.options = options
    self.oneofIndex = oneofIndex
    self.jsonName = jsonName
    self.proto3Optional = proto3Optional
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.FieldDescriptorProto",
    [
      FieldLayout(1, "name", .string, .optional),
      FieldLayout(2, "extendee", .string, .optional),
      FieldLayout(3, "number", .int32, .optional),
      FieldLayout(4, "label", .enumeration, .optional),
      FieldLayout(5, "type", .enumeration, .optional),
      FieldLayout(6, "type_name", .string, .optional),
      FieldLayout(7, "default_value", .string, .optional),
      FieldLayout(8, "options", .message { FieldOptions.layout }, .optional),
      FieldLayout(9, "oneof_index", .int32, .optional),
      FieldLayout(10, "json_name", .string, .optional),
      FieldLayout(17, "proto3_optional", .bool, .optional),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    name = fields.has(0) ? try fields.string(0) : nil
    extendee = fields.has(1) ? try fields.string(1) : nil
    number = fields.has(2) ? fields.int32(2) : nil
    label = fields.has(3) ? fields.enumeration(3) : nil
    type = fields.has(4) ? fields.enumeration(4) : nil
    typeName = fields.has(5) ? try fields.string(5) : nil
    defaultValue = fields.has(6) ? try fields.string(6) : nil
    options = try fields.message(7)
    oneofIndex = fields.has(8) ? fields.int32(8) : nil
    jsonName = fields.has(9) ? try fields.string(9) : nil
    proto3Optional = fields.has(10) ? fields.bool(10) : nil
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let name { fields.string(0, name, mark: 1) }
    if let extendee { fields.string(1, extendee, mark: 1) }
    if let number { fields.int32(2, number, mark: 1) }
    if let label { fields.enumeration(3, label, mark: 1) }
    if let type { fields.enumeration(4, type, mark: 1) }
    if let typeName { fields.string(5, typeName, mark: 1) }
    if let defaultValue { fields.string(6, defaultValue, mark: 1) }
    try fields.message(7, options)
    if let oneofIndex { fields.int32(8, oneofIndex, mark: 1) }
    if let jsonName { fields.string(9, jsonName, mark: 1) }
    if let proto3Optional { fields.bool(10, proto3Optional, mark: 1) }
    fields.unknown(unknownFields)
  }
}

public struct OneofDescriptorProto: Message, Hashable {
  public var name: String?
  public var unknownFields = UnknownFields()

  public init(
    name: String? = nil
  ) {
    self.name = name
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.OneofDescriptorProto",
    [
      FieldLayout(1, "name", .string, .optional)
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    name = fields.has(0) ? try fields.string(0) : nil
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let name { fields.string(0, name, mark: 1) }
    fields.unknown(unknownFields)
  }
}

public struct EnumDescriptorProto: Message, Hashable {
  public var name: String?
  public var value: [EnumValueDescriptorProto]
  public var options: EnumOptions?
  public var unknownFields = UnknownFields()

  public init(
    name: String? = nil,
    value: [EnumValueDescriptorProto] = [],
    options: EnumOptions? = nil
  ) {
    self.name = name
    self.value = value
    self.options = options
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.EnumDescriptorProto",
    [
      FieldLayout(1, "name", .string, .optional),
      FieldLayout(2, "value", .message { EnumValueDescriptorProto.layout }, .repeated),
      FieldLayout(3, "options", .message { EnumOptions.layout }, .optional),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    name = fields.has(0) ? try fields.string(0) : nil
    value = try fields.repeatedMessage(1)
    options = try fields.message(2)
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let name { fields.string(0, name, mark: 1) }
    try fields.repeatedMessage(1, value)
    try fields.message(2, options)
    fields.unknown(unknownFields)
  }
}

public struct EnumValueDescriptorProto: Message, Hashable {
  public var name: String?
  public var number: Int32?
  public var options: EnumValueOptions?
  public var unknownFields = UnknownFields()

  public init(
    name: String? = nil,
    number: Int32? = nil,
    options: EnumValueOptions? = nil
  ) {
    self.name = name
    self.number = number
    self.options = options
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.EnumValueDescriptorProto",
    [
      FieldLayout(1, "name", .string, .optional),
      FieldLayout(2, "number", .int32, .optional),
      FieldLayout(3, "options", .message { EnumValueOptions.layout }, .optional),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    name = fields.has(0) ? try fields.string(0) : nil
    number = fields.has(1) ? fields.int32(1) : nil
    options = try fields.message(2)
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let name { fields.string(0, name, mark: 1) }
    if let number { fields.int32(1, number, mark: 1) }
    try fields.message(2, options)
    fields.unknown(unknownFields)
  }
}

public struct ServiceDescriptorProto: Message, Hashable {
  public var name: String?
  public var method: [MethodDescriptorProto]
  public var options: ServiceOptions?
  public var unknownFields = UnknownFields()

  public init(
    name: String? = nil,
    method: [MethodDescriptorProto] = [],
    options: ServiceOptions? = nil
  ) {
    self.name = name
    self.method = method
    self.options = options
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.ServiceDescriptorProto",
    [
      FieldLayout(1, "name", .string, .optional),
      FieldLayout(2, "method", .message { MethodDescriptorProto.layout }, .repeated),
      FieldLayout(3, "options", .message { ServiceOptions.layout }, .optional),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    name = fields.has(0) ? try fields.string(0) : nil
    method = try fields.repeatedMessage(1)
    options = try fields.message(2)
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let name { fields.string(0, name, mark: 1) }
    try fields.repeatedMessage(1, method)
    try fields.message(2, options)
    fields.unknown(unknownFields)
  }
}

public struct MethodDescriptorProto: Message, Hashable {
  public var name: String?
  public var inputType: String?
  public var outputType: String?
  public var options: MethodOptions?
  public var clientStreaming: Bool?
  public var serverStreaming: Bool?
  public var unknownFields = UnknownFields()

  public init(
    name: String? = nil,
    inputType: String? = nil,
    outputType: String? = nil,
    options: MethodOptions? = nil,
    clientStreaming: Bool? = nil,
    serverStreaming: Bool? = nil
  ) {
    self.name = name
    self.inputType = inputType
    self.outputType = outputType
    self.options = options
    self.clientStreaming = clientStreaming
    self.serverStreaming = serverStreaming
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.MethodDescriptorProto",
    [
      FieldLayout(1, "name", .string, .optional),
      FieldLayout(2, "input_type", .string, .optional),
      FieldLayout(3, "output_type", .string, .optional),
      FieldLayout(4, "options", .message { MethodOptions.layout }, .optional),
      FieldLayout(5, "client_streaming", .bool, .optional),
      FieldLayout(6, "server_streaming", .bool, .optional),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    name = fields.has(0) ? try fields.string(0) : nil
    inputType = fields.has(1) ? try fields.string(1) : nil
    outputType = fields.has(2) ? try fields.string(2) : nil
    options = try fields.message(3)
    clientStreaming = fields.has(4) ? fields.bool(4) : nil
    serverStreaming = fields.has(5) ? fields.bool(5) : nil
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let name { fields.string(0, name, mark: 1) }
    if let inputType { fields.string(1, inputType, mark: 1) }
    if let outputType { fields.string(2, outputType, mark: 1) }
    try fields.message(3, options)
    if let clientStreaming { fields.bool(4, clientStreaming, mark: 1) }
    if let serverStreaming { fields.bool(5, serverStreaming, mark: 1) }
    fields.unknown(unknownFields)
  }
}

public struct FileOptions: Message, Hashable {
  public var deprecated: Bool?
  public var swiftPrefix: String?
  public var unknownFields = UnknownFields()

  public init(
    deprecated: Bool? = nil,
    swiftPrefix: String? = nil
  ) {
    self.deprecated = deprecated
    self.swiftPrefix = swiftPrefix
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.FileOptions",
    [
      FieldLayout(23, "deprecated", .bool, .optional),
      FieldLayout(51002, "swift_prefix", .string, .optional),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    deprecated = fields.has(0) ? fields.bool(0) : nil
    swiftPrefix = fields.has(1) ? try fields.string(1) : nil
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let deprecated { fields.bool(0, deprecated, mark: 1) }
    if let swiftPrefix { fields.string(1, swiftPrefix, mark: 1) }
    fields.unknown(unknownFields)
  }
}

public struct MessageOptions: Message, Hashable {
  public var messageSetWireFormat: Bool?
  public var deprecated: Bool?
  public var mapEntry: Bool?
  public var unknownFields = UnknownFields()

  public init(
    messageSetWireFormat: Bool? = nil,
    deprecated: Bool? = nil,
    mapEntry: Bool? = nil
  ) {
    self.messageSetWireFormat = messageSetWireFormat
    self.deprecated = deprecated
    self.mapEntry = mapEntry
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.MessageOptions",
    [
      FieldLayout(1, "message_set_wire_format", .bool, .optional),
      FieldLayout(3, "deprecated", .bool, .optional),
      FieldLayout(7, "map_entry", .bool, .optional),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    messageSetWireFormat = fields.has(0) ? fields.bool(0) : nil
    deprecated = fields.has(1) ? fields.bool(1) : nil
    mapEntry = fields.has(2) ? fields.bool(2) : nil
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let messageSetWireFormat { fields.bool(0, messageSetWireFormat, mark: 1) }
    if let deprecated { fields.bool(1, deprecated, mark: 1) }
    if let mapEntry { fields.bool(2, mapEntry, mark: 1) }
    fields.unknown(unknownFields)
  }
}

public struct FieldOptions: Message, Hashable {
  public var packed: Bool?
  public var deprecated: Bool?
  public var descriptor: DescriptorOptions?
  public var unknownFields = UnknownFields()

  public init(
    packed: Bool? = nil,
    deprecated: Bool? = nil,
    descriptor: DescriptorOptions? = nil
  ) {
    self.packed = packed
    self.deprecated = deprecated
    self.descriptor = descriptor
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.FieldOptions",
    [
      FieldLayout(2, "packed", .bool, .optional),
      FieldLayout(3, "deprecated", .bool, .optional),
      FieldLayout(51001, "descriptor", .message { DescriptorOptions.layout }, .optional),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    packed = fields.has(0) ? fields.bool(0) : nil
    deprecated = fields.has(1) ? fields.bool(1) : nil
    descriptor = try fields.message(2)
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let packed { fields.bool(0, packed, mark: 1) }
    if let deprecated { fields.bool(1, deprecated, mark: 1) }
    try fields.message(2, descriptor)
    fields.unknown(unknownFields)
  }
}

public struct DescriptorOptions: Message, Hashable {
  public var kind: DescriptorKindProto
  public var access: DescriptorAccessProto
  public var required: Bool
  public var unknownFields = UnknownFields()

  public init(
    kind: DescriptorKindProto = .init(rawValue: 0),
    access: DescriptorAccessProto = .init(rawValue: 0),
    required: Bool = false
  ) {
    self.kind = kind
    self.access = access
    self.required = required
  }

  public static let layout: MessageLayout = MessageLayout(
    "baton.Descriptor",
    [
      FieldLayout(1, "kind", .enumeration),
      FieldLayout(2, "access", .enumeration),
      FieldLayout(3, "required", .bool),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    kind = fields.enumeration(0)
    access = fields.enumeration(1)
    required = fields.bool(2)
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.enumeration(0, kind)
    fields.enumeration(1, access)
    fields.bool(2, required)
    fields.unknown(unknownFields)
  }
}

public struct EnumOptions: Message, Hashable {
  public var allowAlias: Bool?
  public var deprecated: Bool?
  public var unknownFields = UnknownFields()

  public init(
    allowAlias: Bool? = nil,
    deprecated: Bool? = nil
  ) {
    self.allowAlias = allowAlias
    self.deprecated = deprecated
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.EnumOptions",
    [
      FieldLayout(2, "allow_alias", .bool, .optional),
      FieldLayout(3, "deprecated", .bool, .optional),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    allowAlias = fields.has(0) ? fields.bool(0) : nil
    deprecated = fields.has(1) ? fields.bool(1) : nil
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let allowAlias { fields.bool(0, allowAlias, mark: 1) }
    if let deprecated { fields.bool(1, deprecated, mark: 1) }
    fields.unknown(unknownFields)
  }
}

public struct EnumValueOptions: Message, Hashable {
  public var deprecated: Bool?
  public var unknownFields = UnknownFields()

  public init(
    deprecated: Bool? = nil
  ) {
    self.deprecated = deprecated
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.EnumValueOptions",
    [
      FieldLayout(1, "deprecated", .bool, .optional)
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    deprecated = fields.has(0) ? fields.bool(0) : nil
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let deprecated { fields.bool(0, deprecated, mark: 1) }
    fields.unknown(unknownFields)
  }
}

public struct ServiceOptions: Message, Hashable {
  public var deprecated: Bool?
  public var unknownFields = UnknownFields()

  public init(
    deprecated: Bool? = nil
  ) {
    self.deprecated = deprecated
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.ServiceOptions",
    [
      FieldLayout(33, "deprecated", .bool, .optional)
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    deprecated = fields.has(0) ? fields.bool(0) : nil
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let deprecated { fields.bool(0, deprecated, mark: 1) }
    fields.unknown(unknownFields)
  }
}

public struct MethodOptions: Message, Hashable {
  public var deprecated: Bool?
  public var idempotencyLevel: Int32?
  public var unknownFields = UnknownFields()

  public init(
    deprecated: Bool? = nil,
    idempotencyLevel: Int32? = nil
  ) {
    self.deprecated = deprecated
    self.idempotencyLevel = idempotencyLevel
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.MethodOptions",
    [
      FieldLayout(33, "deprecated", .bool, .optional),
      FieldLayout(34, "idempotency_level", .int32, .optional),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    deprecated = fields.has(0) ? fields.bool(0) : nil
    idempotencyLevel = fields.has(1) ? fields.int32(1) : nil
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let deprecated { fields.bool(0, deprecated, mark: 1) }
    if let idempotencyLevel { fields.int32(1, idempotencyLevel, mark: 1) }
    fields.unknown(unknownFields)
  }
}

public struct SourceCodeInfo: Message, Hashable {
  public var location: [Location]
  public var unknownFields = UnknownFields()

  public init(
    location: [Location] = []
  ) {
    self.location = location
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.SourceCodeInfo",
    [
      FieldLayout(1, "location", .message { Location.layout }, .repeated)
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    location = try fields.repeatedMessage(0)
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    try fields.repeatedMessage(0, location)
    fields.unknown(unknownFields)
  }
}

public struct Location: Message, Hashable {
  public var path: [Int32]
  public var span: [Int32]
  public var leadingComments: String?
  public var trailingComments: String?
  public var leadingDetachedComments: [String]
  public var unknownFields = UnknownFields()

  public init(
    path: [Int32] = [],
    span: [Int32] = [],
    leadingComments: String? = nil,
    trailingComments: String? = nil,
    leadingDetachedComments: [String] = []
  ) {
    self.path = path
    self.span = span
    self.leadingComments = leadingComments
    self.trailingComments = trailingComments
    self.leadingDetachedComments = leadingDetachedComments
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.SourceCodeInfo.Location",
    [
      FieldLayout(1, "path", .int32, .repeated),
      FieldLayout(2, "span", .int32, .repeated),
      FieldLayout(3, "leading_comments", .string, .optional),
      FieldLayout(4, "trailing_comments", .string, .optional),
      FieldLayout(6, "leading_detached_comments", .string, .repeated),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    path = fields.repeatedInt32(0)
    span = fields.repeatedInt32(1)
    leadingComments = fields.has(2) ? try fields.string(2) : nil
    trailingComments = fields.has(3) ? try fields.string(3) : nil
    leadingDetachedComments = try fields.repeatedString(4)
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.repeatedInt32(0, path)
    fields.repeatedInt32(1, span)
    if let leadingComments { fields.string(2, leadingComments, mark: 1) }
    if let trailingComments { fields.string(3, trailingComments, mark: 1) }
    fields.repeatedString(4, leadingDetachedComments)
    fields.unknown(unknownFields)
  }
}

public struct CodeGeneratorRequest: Message, Hashable {
  public var fileToGenerate: [String]
  public var parameter: String?
  public var protoFile: [FileDescriptorProto]
  public var unknownFields = UnknownFields()

  public init(
    fileToGenerate: [String] = [],
    parameter: String? = nil,
    protoFile: [FileDescriptorProto] = []
  ) {
    self.fileToGenerate = fileToGenerate
    self.parameter = parameter
    self.protoFile = protoFile
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.compiler.CodeGeneratorRequest",
    [
      FieldLayout(1, "file_to_generate", .string, .repeated),
      FieldLayout(2, "parameter", .string, .optional),
      FieldLayout(15, "proto_file", .message { FileDescriptorProto.layout }, .repeated),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    fileToGenerate = try fields.repeatedString(0)
    parameter = fields.has(1) ? try fields.string(1) : nil
    protoFile = try fields.repeatedMessage(2)
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.repeatedString(0, fileToGenerate)
    if let parameter { fields.string(1, parameter, mark: 1) }
    try fields.repeatedMessage(2, protoFile)
    fields.unknown(unknownFields)
  }
}

public struct CodeGeneratorResponse: Message, Hashable {
  public var error: String?
  public var supportedFeatures: UInt64?
  public var file: [GeneratedFile]
  public var unknownFields = UnknownFields()

  public init(
    error: String? = nil,
    supportedFeatures: UInt64? = nil,
    file: [GeneratedFile] = []
  ) {
    self.error = error
    self.supportedFeatures = supportedFeatures
    self.file = file
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.compiler.CodeGeneratorResponse",
    [
      FieldLayout(1, "error", .string, .optional),
      FieldLayout(2, "supported_features", .uint64, .optional),
      FieldLayout(15, "file", .message { GeneratedFile.layout }, .repeated),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    error = fields.has(0) ? try fields.string(0) : nil
    supportedFeatures = fields.has(1) ? fields.uint64(1) : nil
    file = try fields.repeatedMessage(2)
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let error { fields.string(0, error, mark: 1) }
    if let supportedFeatures { fields.uint64(1, supportedFeatures, mark: 1) }
    try fields.repeatedMessage(2, file)
    fields.unknown(unknownFields)
  }
}

public struct GeneratedFile: Message, Hashable {
  public var name: String?
  public var insertionPoint: String?
  public var content: String?
  public var unknownFields = UnknownFields()

  public init(
    name: String? = nil,
    insertionPoint: String? = nil,
    content: String? = nil
  ) {
    self.name = name
    self.insertionPoint = insertionPoint
    self.content = content
  }

  public static let layout: MessageLayout = MessageLayout(
    "google.protobuf.compiler.CodeGeneratorResponse.File",
    [
      FieldLayout(1, "name", .string, .optional),
      FieldLayout(2, "insertion_point", .string, .optional),
      FieldLayout(15, "content", .string, .optional),
    ])

  public init(from fields: inout FieldReader) throws(CodecError) {
    name = fields.has(0) ? try fields.string(0) : nil
    insertionPoint = fields.has(1) ? try fields.string(1) : nil
    content = fields.has(2) ? try fields.string(2) : nil
    unknownFields = fields.unknown()
  }

  public func write(to fields: inout FieldWriter) throws(CodecError) {
    if let name { fields.string(0, name, mark: 1) }
    if let insertionPoint { fields.string(1, insertionPoint, mark: 1) }
    if let content { fields.string(2, content, mark: 1) }
    fields.unknown(unknownFields)
  }
}

extension FieldDescriptorProto {
  /// `google.protobuf.FieldDescriptorProto.Type`.
  public struct Kind: Enumeration {
    public var rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }
    public static let double = Kind(rawValue: 1)
    public static let float = Kind(rawValue: 2)
    public static let int64 = Kind(rawValue: 3)
    public static let uint64 = Kind(rawValue: 4)
    public static let int32 = Kind(rawValue: 5)
    public static let fixed64 = Kind(rawValue: 6)
    public static let fixed32 = Kind(rawValue: 7)
    public static let bool = Kind(rawValue: 8)
    public static let string = Kind(rawValue: 9)
    public static let group = Kind(rawValue: 10)
    public static let message = Kind(rawValue: 11)
    public static let bytes = Kind(rawValue: 12)
    public static let uint32 = Kind(rawValue: 13)
    public static let enumeration = Kind(rawValue: 14)
    public static let sfixed32 = Kind(rawValue: 15)
    public static let sfixed64 = Kind(rawValue: 16)
    public static let sint32 = Kind(rawValue: 17)
    public static let sint64 = Kind(rawValue: 18)
  }
  public struct Label: Enumeration {
    public var rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }
    public static let optional = Label(rawValue: 1)
    public static let required = Label(rawValue: 2)
    public static let repeated = Label(rawValue: 3)
  }
}

public struct DescriptorKindProto: Enumeration {
  public var rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }
}

public struct DescriptorAccessProto: Enumeration {
  public var rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }
}
