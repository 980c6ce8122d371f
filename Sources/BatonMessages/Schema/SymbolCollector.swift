/// Gives every declared type its full name and its place, before anything refers to it.
struct SymbolCollector {
  /// Types a pool may hold; far above the largest collections of schemas in use.
  static let most = 100_000

  private(set) var symbols: [ExactString: SymbolRecord] = [:]
  private(set) var messages: [MessageRecord] = []
  private(set) var enums: [EnumRecord] = []
  private(set) var services: [ServiceRecord] = []
  private var file = FileDescriptorProto()

  // Numbers of descriptor.proto's fields, of which a location's path is made.
  private static let fileMessages: Int32 = 4
  private static let fileEnums: Int32 = 5
  private static let fileServices: Int32 = 6
  private static let messageMessages: Int32 = 3
  private static let messageEnums: Int32 = 4

  mutating func collect(_ file: FileDescriptorProto, _ index: Int) throws(CodecError) {
    self.file = file
    let package = file.package ?? ""
    guard SchemaName.isPackage(package) else {
      throw error("expected a package name, got \(package.quoted)", "")
    }
    for (place, message) in file.messageType.enumerated() {
      try add(
        message, package, SchemaPlace(file: index, path: [Self.fileMessages, Int32(place)]), nil)
    }
    for (place, proto) in file.enumType.enumerated() {
      try add(proto, package, SchemaPlace(file: index, path: [Self.fileEnums, Int32(place)]))
    }
    for (place, proto) in file.service.enumerated() {
      let at = SchemaPlace(file: index, path: [Self.fileServices, Int32(place)])
      let name = try register(proto.name, package, .service(services.count))
      for (method, proto) in proto.method.enumerated() {
        _ = try register(proto.name, name, .method(service: services.count, method))
      }
      services.append(ServiceRecord(name: name, place: at, proto: proto))
    }
  }

  private mutating func add(
    _ proto: DescriptorProto, _ scope: String, _ place: SchemaPlace, _ parent: Int?
  ) throws(CodecError) {
    let own = messages.count
    let name = try register(proto.name, scope, .message(own))
    messages.append(MessageRecord(name: name, place: place, proto: proto, parent: parent))
    for (index, nested) in proto.nestedType.enumerated() {
      let path = place.path + [Self.messageMessages, Int32(index)]
      try add(nested, name, SchemaPlace(file: place.file, path: path), own)
    }
    for (index, nested) in proto.enumType.enumerated() {
      let path = place.path + [Self.messageEnums, Int32(index)]
      try add(nested, name, SchemaPlace(file: place.file, path: path))
    }
  }

  private mutating func add(
    _ proto: EnumDescriptorProto, _ scope: String, _ place: SchemaPlace
  ) throws(CodecError) {
    let name = try register(proto.name, scope, .enumeration(enums.count))
    var record = EnumRecord(
      name: name, place: place, proto: proto, isProto3: file.syntax?.isExactly("proto3") == true)
    for value in proto.value {
      guard let own = value.name, SchemaName.isMember(own), let number = value.number else {
        throw error("expected a value's name and number, got \((value.name ?? "").quoted)", name)
      }
      if record.numbers.updateValue(number, forKey: ExactString(own)) != nil {
        throw error("two values are named \(own)", name)
      }
      if let first = record.names[number] {
        guard proto.options?.allowAlias == true else {
          throw error("\(first) and \(own) both have the number \(number)", name)
        }
      } else {
        record.names[number] = own
      }
    }
    if record.isProto3 && proto.value.first?.number != 0 {
      throw error("expected a first value with the number 0", name)
    }
    enums.append(record)
  }

  private mutating func register(
    _ own: String?, _ scope: String, _ symbol: SymbolRecord
  ) throws(CodecError) -> String {
    guard let own, SchemaName.isIdentifier(own) else {
      throw error(
        "expected a name of letters, digits and underscores, got \((own ?? "").quoted)", scope)
    }
    let name = scope.isEmpty ? own : "\(scope).\(own)"
    if name.utf8.count > SchemaName.longest {
      throw error("expected a full name of at most \(SchemaName.longest) bytes", scope)
    }
    if symbols.count == Self.most {
      throw error("expected a schema of at most \(Self.most) types", name)
    }
    if symbols.updateValue(symbol, forKey: ExactString(name)) != nil {
      throw error("the name is declared twice", name)
    }
    return name
  }

  private func error(_ message: String, _ symbol: String) -> CodecError {
    CodecError(.schema, "\(message) (in \(file.name ?? ""))", path: symbol)
  }
}
