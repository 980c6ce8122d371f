import BatonMessages

/// The names at the top of the module.
enum ModuleNames {
  static func refuseCollisions(
    in files: [FileDescriptorProto], _ modules: ModuleMap
  ) throws(Refusal) {
    var names = NameRegister()
    for file in files where modules.home(of: file.name ?? "") == .own {
      let name = file.name ?? ""
      try take(file, &names)
      try names.take(SwiftName.file(name) + "Schema", for: name, at: name)
    }
  }

  private static func take(_ file: FileDescriptorProto, _ names: inout NameRegister) throws(Refusal)
  {
    let places = SourcePlaces(file)
    let prefix = ModuleMap.prefix(of: file)
    let package = (file.package ?? "").isEmpty ? "" : "\(file.package ?? "")."
    func take(_ name: String?, _ swift: String, _ path: [Int32]) throws(Refusal) {
      try names.take(
        prefix + swift, for: package + (name ?? ""), at: places.place(path),
        remedy: "rename one of them, or set (baton.swift_prefix) in its file")
    }
    for (position, message) in file.messageType.enumerated() {
      try take(
        message.name, SchemaIndex.typeName(message.name, "Message"), [4, Int32(position)])
    }
    for (position, enumeration) in file.enumType.enumerated() {
      try take(
        enumeration.name, SchemaIndex.typeName(enumeration.name, "Enum"), [5, Int32(position)])
    }
    for (position, service) in file.service.enumerated() {
      try take(
        service.name, SchemaIndex.typeName(service.name, "Service"), [6, Int32(position)])
    }
  }
}
