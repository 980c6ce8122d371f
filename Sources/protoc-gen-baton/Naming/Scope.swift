/// Writes types as they are named inside one Swift type: as short as it goes, with the module in
/// front where another declaration hides them.
///
/// `Module::Type` reaches a type even where one with the module's own name exists, as a service may
/// have it.
struct Scope {
  let index: SchemaIndex
  /// The module the code is for.
  let module: String
  /// The type whose inside this is; empty at the top of a file.
  let path: [String]

  func inside(_ name: String) -> Scope {
    Scope(index: index, module: module, path: path + [name])
  }

  /// A type of the standard library.
  func swift(_ name: String) -> String { qualified(name, "Swift") }
  /// A type of the message library.
  func messages(_ name: String) -> String { qualified(name, "BatonMessages") }
  /// A type of the runtime.
  func runtime(_ name: String) -> String { qualified(name, "Baton") }

  private func qualified(_ name: String, _ module: String) -> String {
    index.look(name, from: path) == .nothing ? name : "\(module).\(name)"
  }

  func name(_ type: DeclaredType) -> String {
    switch type.home {
    case .other("BatonMessages") where index.look(type.path[0], from: path) == .foreign:
      written(type.path)
    case .other(let module): "\(module)::\(written(type.path))"
    case .own, .nowhere: own(type.path)
    }
  }

  /// The shortest end of `target` that leads to it from here.
  func own(_ target: [String]) -> String {
    let shared = zip(target, path).prefix { $0 == $1 }.count
    for start in stride(from: min(shared, target.count - 1), through: 0, by: -1)
    where index.look(target[start], from: path) == .own(Array(target[...start])) {
      return written(target[start...])
    }
    return "\(module)::\(written(target))"
  }

  private func written(_ path: some Sequence<String>) -> String {
    path.map(SwiftName.escaped).joined(separator: ".")
  }
}
