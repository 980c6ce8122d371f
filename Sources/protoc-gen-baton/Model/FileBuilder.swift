import BatonMessages

/// Makes the model of one schema file, and refuses files that cannot be served.
struct FileBuilder {
  let index: SchemaIndex
  let files: [String: FileDescriptorProto]
  let file: FileDescriptorProto
  private let places: SourcePlaces

  init(
    _ file: FileDescriptorProto, index: SchemaIndex, files: [String: FileDescriptorProto]
  ) {
    self.index = index
    self.files = files
    self.file = file
    places = SourcePlaces(file)
  }

  func model() throws(Refusal) -> FileModel {
    try refuseFile()
    let builder = MessageBuilder(index: index, graph: MessageGraph(index), places: places)
    var messages: [MessageModel] = []
    for (position, message) in file.messageType.enumerated() {
      messages.append(
        try builder.message(message, fullName(message.name), [4, Int32(position)]))
    }
    var enumerations: [EnumModel] = []
    for (position, enumeration) in file.enumType.enumerated() {
      enumerations.append(
        try builder.enumeration(enumeration, fullName(enumeration.name), [5, Int32(position)]))
    }
    return FileModel(
      name: file.name ?? "", messages: messages, enumerations: enumerations,
      services: try services(), schema: try schema(file), modules: modules())
  }

  private func services() throws(Refusal) -> [ServiceModel] {
    let builder = ServiceBuilder(
      index: index, places: places, prefix: ModuleMap.prefix(of: file))
    var services: [ServiceModel] = []
    for (position, service) in file.service.enumerated() {
      services.append(
        try builder.service(service, fullName(service.name), [6, Int32(position)]))
    }
    return services
  }

  private func fullName(_ name: String?) -> String {
    guard let package = file.package, !package.isEmpty else { return name ?? "" }
    return "\(package).\(name ?? "")"
  }

  // MARK: Refusals

  private func refuseFile() throws(Refusal) {
    if file.syntax != "proto3" {
      throw Refusal(
        places.place([12]), "expected syntax = \"proto3\", got proto2; Baton serves proto3 only")
    }
    if let weak = file.weakDependency.first {
      throw Refusal(
        places.place([11, 0]),
        "\(file.dependency[Int(weak)]) is imported weakly; remove the word weak")
    }
    let prefix = file.options?.swiftPrefix ?? ""
    let isName = prefix.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
    if !prefix.isEmpty && !(isName && prefix.first?.isUppercase == true) {
      throw Refusal(
        places.place([8, 51002]),
        """
        expected a swift_prefix of letters and digits that begins with a capital, got \"\(prefix)\"
        """)
    }
  }

  // MARK: What else the code needs

  /// The other modules whose types the file's fields and methods name.
  private func modules() -> Set<String> {
    var references = file.service.flatMap(\.method).flatMap { [$0.inputType, $0.outputType] }
    func visit(_ message: DescriptorProto) {
      references += message.field.map(\.typeName)
      message.nestedType.forEach(visit)
    }
    file.messageType.forEach(visit)
    let homes = references.compactMap { index.type($0)?.home }
    return Set(
      homes.compactMap { home in
        if case .other(let module) = home { module } else { nil }
      })
  }

  private func schema(_ file: FileDescriptorProto) throws(Refusal) -> SchemaModel {
    var imports: [SchemaModel.Import] = []
    for name in file.dependency {
      switch index.modules.home(of: name) {
      case .own: imports.append(.own(name))
      case .other(let module): imports.append(.other(module: module, name))
      case .nowhere: if let file = files[name] { imports.append(.carried(try schema(file))) }
      }
    }
    return SchemaModel(name: file.name ?? "", bytes: try bytes(file), imports: imports)
  }

  /// Of what is known about the text only the comments beside declarations are kept, and nothing of
  /// a carried file.
  private func bytes(_ file: FileDescriptorProto) throws(Refusal) -> [UInt8] {
    var file = file
    let locations = file.name == self.file.name ? file.sourceCodeInfo?.location ?? [] : []
    let commented = locations.compactMap { location -> Location? in
      var location = location
      location.leadingDetachedComments = []
      let isCommented = location.leadingComments != nil || location.trailingComments != nil
      return isCommented ? location : nil
    }
    file.sourceCodeInfo = commented.isEmpty ? nil : SourceCodeInfo(location: commented)
    do throws(CodecError) {
      return try file.encoded().bytes
    } catch {
      throw Refusal(file.name ?? "", "the schema cannot be carried along: \(error)")
    }
  }
}
