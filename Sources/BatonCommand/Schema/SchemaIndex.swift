package import BatonMessages

/// The declarations of a set of schema files, by full name.
package struct SchemaIndex {
  /// One declaration: the file it is in and its path there, as in `SourceCodeInfo`.
  package struct Declaration {
    enum Kind: String { case package, message, enumeration, service, method }
    let kind: Kind
    let file: FileDescriptorProto
    let path: [Int32]
    /// The full name of what it stands in, "" at the outermost.
    let scope: String
  }

  let files: [FileDescriptorProto]
  package private(set) var declarations: [String: Declaration] = [:]

  /// The full names of all but packages, and the files'.
  package var names: [String] {
    let symbols = declarations.filter { $0.value.kind != .package }.map(\.key)
    return (symbols + files.compactMap(\.name)).sorted()
  }

  package init(_ files: [FileDescriptorProto]) {
    self.files = files
    for file in files { add(file) }
  }

  private mutating func add(_ file: FileDescriptorProto) {
    let package = file.package ?? ""
    var outer = ""
    for part in package.split(separator: ".") {
      add(String(part), .package, in: file, [2], scope: outer)
      outer = Self.join(outer, String(part))
    }
    for (index, message) in file.messageType.enumerated() {
      add(message, in: file, [4, Int32(index)], scope: package)
    }
    for (index, value) in file.enumType.enumerated() {
      add(value.name ?? "", .enumeration, in: file, [5, Int32(index)], scope: package)
    }
    for (index, service) in file.service.enumerated() {
      let path = [6, Int32(index)]
      add(service.name ?? "", .service, in: file, path, scope: package)
      let scope = Self.join(package, service.name ?? "")
      for (index, method) in service.method.enumerated() {
        add(method.name ?? "", .method, in: file, path + [2, Int32(index)], scope: scope)
      }
    }
  }

  private mutating func add(
    _ message: DescriptorProto, in file: FileDescriptorProto, _ path: [Int32], scope: String
  ) {
    let name = message.name ?? ""
    add(name, .message, in: file, path, scope: scope)
    let full = Self.join(scope, name)
    for (index, nested) in message.nestedType.enumerated() {
      add(nested, in: file, path + [3, Int32(index)], scope: full)
    }
    for (index, nested) in message.enumType.enumerated() {
      add(nested.name ?? "", .enumeration, in: file, path + [4, Int32(index)], scope: full)
    }
  }

  private mutating func add(
    _ name: String, _ kind: Declaration.Kind, in file: FileDescriptorProto, _ path: [Int32],
    scope: String
  ) {
    declarations[Self.join(scope, name)] = Declaration(
      kind: kind, file: file, path: path, scope: scope)
  }

  /// `files.v1` and `OpenReply` to `files.v1.OpenReply`.
  static func join(_ scope: String, _ name: String) -> String {
    scope.isEmpty ? name : "\(scope).\(name)"
  }
}

extension SchemaIndex {
  /// The shortest name that means the type `reference`, which is full and begins with a dot, inside
  /// `scope`. protobuf looks a name's first part up from the innermost scope outwards, so a short
  /// name can be caught by something else on the way.
  package func shortName(of reference: String, in scope: String) -> String {
    guard reference.hasPrefix(".") else { return reference }
    let target = String(reference.dropFirst())
    let parts = target.split(separator: ".").map(String.init)
    for length in stride(from: 1, through: parts.count, by: 1) {
      let candidate = Array(parts.suffix(length))
      if resolve(candidate, in: scope) == target { return candidate.joined(separator: ".") }
    }
    return reference
  }

  private func resolve(_ name: [String], in scope: String) -> String? {
    var scope = scope.split(separator: ".").map(String.init)
    while true {
      let found = declarations[(scope + name.prefix(1)).joined(separator: ".")]
      let isUsable = found?.kind == .message || (found?.kind == .enumeration && name.count == 1)
      if isUsable || (name.count > 1 && found != nil && found?.kind != .method) {
        return (scope + name).joined(separator: ".")
      }
      if scope.isEmpty { return nil }
      scope.removeLast()
    }
  }
}
