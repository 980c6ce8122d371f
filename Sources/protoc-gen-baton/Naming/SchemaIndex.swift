import BatonMessages

/// Every message and enumeration of the request, by its full name, and every Swift name they take.
struct SchemaIndex {
  private(set) var types: [String: DeclaredType] = [:]
  /// The names declared inside each Swift type of the module, and under `[]` at its top.
  private var names: [[String]: Set<String>] = [:]
  /// The names at the top of the other modules.
  private var foreign: Set<String> = []
  let modules: ModuleMap

  init(_ files: [FileDescriptorProto], _ modules: ModuleMap) {
    self.modules = modules
    for file in files { add(file) }
  }

  /// The type a field or method names, `.files.v1.OpenReply`.
  func type(_ reference: String?) -> DeclaredType? {
    types[String((reference ?? "").dropFirst())]
  }

  /// The type that `user`, a field or method, names.
  func reachable(
    _ reference: String?, for user: String, at place: String
  ) throws(Refusal) -> DeclaredType {
    guard let type = type(reference) else {
      throw Refusal(place, "\(user) names \(reference ?? "nothing"), which no schema declares")
    }
    if type.home != .nowhere { return type }
    throw Refusal(
      place,
      """
      \(user) names \(type.fullName) of \(type.file), which has no Swift code within reach; add \
      that file to the schemas of this target or of one it depends on
      """)
  }

  /// What Swift finds for a bare `name` inside the type at `scope`: nothing of the schemas, the
  /// type at a path, or a type of another module.
  enum Finding: Equatable {
    case nothing
    case own([String])
    case foreign
  }

  func look(_ name: String, from scope: [String]) -> Finding {
    for depth in stride(from: scope.count, through: 0, by: -1) {
      let outer = Array(scope[..<depth])
      if names[outer]?.contains(name) == true { return .own(outer + [name]) }
    }
    return foreign.contains(name) ? .foreign : .nothing
  }

  // MARK: Filling

  private mutating func add(_ file: FileDescriptorProto) {
    let home = modules.home(of: file.name ?? "")
    let outer = Outer(
      file: file.name ?? "", home: home, fullName: file.package ?? "", path: [],
      prefix: ModuleMap.prefix(of: file))
    for message in file.messageType { add(message, outer) }
    for enumeration in file.enumType { add(enumeration, outer) }
    for service in file.service {
      let name = outer.prefix + Self.typeName(service.name, "Service")
      take(name, outer)
      if home == .own { names[[name]] = ServiceModel.memberTypes }
    }
    if home != .nowhere { take(SwiftName.file(outer.file) + "Schema", outer) }
  }

  private struct Outer {
    var file: String
    var home: ModuleMap.Home
    var fullName: String
    var path: [String]
    var prefix: String

    func name(_ inner: String) -> String { fullName.isEmpty ? inner : "\(fullName).\(inner)" }
  }

  private mutating func add(_ message: DescriptorProto, _ outer: Outer) {
    if message.options?.mapEntry == true {
      declare(message.name, nil, .message(message), outer)
      return
    }
    let name = outer.prefix + Self.typeName(message.name, "Message")
    declare(message.name, name, .message(message), outer)
    let inner = Outer(
      file: outer.file, home: outer.home, fullName: outer.name(message.name ?? ""),
      path: outer.path + [name], prefix: "")
    for nested in message.nestedType { add(nested, inner) }
    for nested in message.enumType { add(nested, inner) }
    for (index, oneof) in message.oneofDecl.enumerated() where message.isReal(oneof: index) {
      take(Self.typeName(oneof.name, "Oneof"), inner)
    }
  }

  private mutating func add(_ enumeration: EnumDescriptorProto, _ outer: Outer) {
    let name = outer.prefix + Self.typeName(enumeration.name, "Enum")
    declare(enumeration.name, name, .enumeration(enumeration), outer)
  }

  private mutating func declare(
    _ schemaName: String?, _ name: String?, _ form: DeclaredType.Form, _ outer: Outer
  ) {
    let fullName = outer.name(schemaName ?? "")
    types[fullName] = DeclaredType(
      fullName: fullName, path: outer.path + [name].compactMap(\.self), home: outer.home,
      file: outer.file, form: form)
    if let name { take(name, outer) }
  }

  private mutating func take(_ name: String, _ outer: Outer) {
    switch outer.home {
    case .own: names[outer.path, default: []].insert(name)
    case .other where outer.path.isEmpty: foreign.insert(name)
    default: break
    }
  }

  /// Swift keeps `X.Type` for itself, and generated code names the others, so types of these names
  /// get a suffix.
  static func typeName(_ name: String?, _ suffix: String) -> String {
    let name = SwiftName.type(name ?? "")
    let reserved = ["Type", "Self", "Swift", "Baton", "BatonMessages"]
    return reserved.contains(name) ? name + suffix : name
  }
}

extension DescriptorProto {
  /// Whether the oneof stands in the schema; each `optional` field has one that does not.
  func isReal(oneof index: Int) -> Bool {
    field.contains { $0.oneofIndex == Int32(index) && $0.proto3Optional != true }
  }
}
