package import BatonMessages

/// Prints declarations of schema files as readable `.proto` text with their comments.
package struct SchemaText {
  private let index: SchemaIndex
  private let file: FileDescriptorProto
  private let comments: DeclarationComments
  private let terminal: Terminal
  private var writer: SchemaWriter

  private init(_ file: FileDescriptorProto, _ index: SchemaIndex, _ terminal: Terminal) {
    self.file = file
    self.index = index
    self.terminal = terminal
    comments = DeclarationComments(file)
    writer = SchemaWriter(comments, terminal)
  }

  /// The whole file, which protoc reads back to the same declarations.
  package static func file(
    _ file: FileDescriptorProto, index: SchemaIndex, terminal: Terminal = .plain
  ) -> String {
    var text = SchemaText(file, index, terminal)
    text.head()
    text.declarations()
    return text.writer.text
  }

  /// One declaration with what is inside it; of a method also its request and its response.
  package static func declaration(
    _ declaration: SchemaIndex.Declaration, index: SchemaIndex, terminal: Terminal = .plain
  ) -> String {
    var text = SchemaText(declaration.file, index, terminal)
    text.declaration(declaration.path, scope: declaration.scope)
    if declaration.kind == .method { text.appendTypes(ofMethod: declaration.path) }
    return text.writer.text
  }

  private mutating func head() {
    writer.statement([12], "syntax = \(SchemaWriter.quote(file.syntax ?? "proto2"));")
    if let package = file.package {
      writer.space()
      writer.statement([2], "package \(package);")
    }
    if !file.dependency.isEmpty { writer.space() }
    for (number, name) in file.dependency.enumerated() {
      let isPublic = file.publicDependency.contains(Int32(number))
      let modifier = isPublic ? "public " : ""
      writer.statement([3, Int32(number)], "import \(modifier)\(SchemaWriter.quote(name));")
    }
    if file.options?.swiftPrefix != nil || file.options?.deprecated != nil { writer.space() }
    if let prefix = file.options?.swiftPrefix {
      writer.statement(
        [8, 51002], "option (baton.swift_prefix) = \(SchemaWriter.quote(prefix));")
    }
    deprecation(file.options?.deprecated)
  }

  private mutating func declarations() {
    let kinds = [
      file.service.indices.map { [6, Int32($0)] }, file.messageType.indices.map { [4, Int32($0)] },
      file.enumType.indices.map { [5, Int32($0)] }, file.extension.indices.map { [7, Int32($0)] },
    ]
    for path in comments.sourceOrder(kinds) {
      writer.space()
      declaration(path, scope: file.package ?? "")
    }
  }

  private mutating func declaration(_ path: [Int32], scope: String) {
    let at = Int(path[1])
    switch path[0] {
    case 7: extend(file.extension[at], path, scope: scope)
    case 6 where path.count == 4:
      rpc(file.service[at].method[Int(path[3])], path, scope: scope)
    case 6: service(file.service[at], path, scope: scope)
    case 5: enumeration(file.enumType[at], path)
    default: nested(file.messageType[at], path, 2, scope: scope)
    }
  }

  /// Follows `path` from its part `depth` on into `outer`.
  private mutating func nested(
    _ outer: DescriptorProto, _ path: [Int32], _ depth: Int, scope: String
  ) {
    if depth == path.count { return message(outer, path, scope: scope) }
    let at = Int(path[depth + 1])
    if path[depth] == 4 { return enumeration(outer.enumType[at], path) }
    nested(outer.nestedType[at], path, depth + 2, scope: scope)
  }

  private mutating func deprecation(_ value: Bool?) {
    if let value { writer.line("option deprecated = \(value);") }
  }
}

// MARK: - Services

extension SchemaText {
  private mutating func service(
    _ service: ServiceDescriptorProto, _ path: [Int32], scope: String
  ) {
    inside(path, service.name ?? "", keyword: "service") { text in
      text.deprecation(service.options?.deprecated)
      let scope = SchemaIndex.join(scope, service.name ?? "")
      for (number, method) in service.method.enumerated() {
        text.rpc(method, path + [2, Int32(number)], scope: scope)
      }
    }
  }

  private mutating func rpc(_ method: MethodDescriptorProto, _ path: [Int32], scope: String) {
    let signature = Self.signature(of: method, in: scope, index)
    let level: String? =
      switch method.options?.idempotencyLevel {
      case .noSideEffects?: "NO_SIDE_EFFECTS"
      case .idempotent?: "IDEMPOTENT"
      default: nil
      }
    if level == nil, method.options?.deprecated == nil {
      return writer.statement(path, signature + ";", keyword: "rpc")
    }
    inside(path, signature, keyword: "rpc") { text in
      text.deprecation(method.options?.deprecated)
      if let level { text.writer.line("option idempotency_level = \(level);") }
    }
  }

  /// `Open(OpenRequest) returns (stream OpenReply)`
  static func signature(
    of method: MethodDescriptorProto, in scope: String, _ index: SchemaIndex
  ) -> String {
    let request = index.shortName(of: method.inputType ?? "", in: scope)
    let response = index.shortName(of: method.outputType ?? "", in: scope)
    let up = method.clientStreaming == true ? "stream " : ""
    let down = method.serverStreaming == true ? "stream " : ""
    return "\(method.name ?? "")(\(up)\(request)) returns (\(down)\(response))"
  }

  private mutating func appendTypes(ofMethod path: [Int32]) {
    let method = file.service[Int(path[1])].method[Int(path[3])]
    var seen: Set<String> = []
    for type in [method.inputType ?? "", method.outputType ?? ""] where seen.insert(type).inserted {
      guard let found = index.declarations[String(type.dropFirst())] else { continue }
      var text = SchemaText(found.file, index, terminal)
      text.declaration(found.path, scope: found.scope)
      writer.append(text.writer)
    }
  }
}

// MARK: - Types

extension SchemaText {
  private mutating func enumeration(_ value: EnumDescriptorProto, _ path: [Int32]) {
    inside(path, value.name ?? "", keyword: "enum") { text in
      if let alias = value.options?.allowAlias {
        text.writer.line("option allow_alias = \(alias);")
      }
      text.deprecation(value.options?.deprecated)
      for (number, element) in value.value.enumerated() {
        let options = element.options?.deprecated.map { " [deprecated = \($0)]" } ?? ""
        text.writer.statement(
          path + [2, Int32(number)], "\(element.name ?? "") = \(element.number ?? 0)\(options);")
      }
      for statement in ReservedText(of: value).statements { text.writer.line(statement) }
    }
  }

  private mutating func message(_ message: DescriptorProto, _ path: [Int32], scope: String) {
    let full = SchemaIndex.join(scope, message.name ?? "")
    inside(path, message.name ?? "", keyword: "message") { text in
      text.deprecation(message.options?.deprecated)
      let types = message.nestedType.indices.filter {
        message.nestedType[$0].options?.mapEntry != true
      }
      let members = [
        message.field.indices.map { path + [2, Int32($0)] }, types.map { path + [3, Int32($0)] },
        message.enumType.indices.map { path + [4, Int32($0)] },
      ]
      for member in text.comments.sourceOrder(members) {
        text.member(member, of: message, full)
      }
      for statement in ReservedText(of: message).statements { text.writer.line(statement) }
    }
  }

  private mutating func member(_ path: [Int32], of message: DescriptorProto, _ full: String) {
    let at = Int(path[path.count - 1])
    if path[path.count - 2] == 2 { return field(message.field[at], path, of: message, full) }
    writer.space()
    if path[path.count - 2] == 3 {
      self.message(message.nestedType[at], path, scope: full)
    } else {
      enumeration(message.enumType[at], path)
    }
    writer.line("")
  }

  /// A oneof stands where its first member does.
  private mutating func field(
    _ field: FieldDescriptorProto, _ path: [Int32], of message: DescriptorProto, _ full: String
  ) {
    guard let oneof = field.oneofIndex, field.proto3Optional != true else {
      return statement(field, path, of: message, full)
    }
    let members = message.field.indices.filter { message.field[$0].oneofIndex == oneof }
    guard members.first == Int(path[path.count - 1]) else { return }
    let known = message.oneofDecl.indices.contains(Int(oneof))
    let name = known ? message.oneofDecl[Int(oneof)].name ?? "" : ""
    inside(path.dropLast(2) + [8, oneof], name, keyword: "oneof") { text in
      for member in members {
        text.statement(
          message.field[member], path.dropLast() + [Int32(member)], of: message, full)
      }
    }
  }

  private mutating func statement(
    _ field: FieldDescriptorProto, _ path: [Int32], of message: DescriptorProto?, _ scope: String
  ) {
    let text = FieldText(
      field: field, isProto3: file.syntax == "proto3",
      mapEntry: message.flatMap { FieldText.mapEntry(of: field, in: $0, scope) },
      typeName: { [index] in index.shortName(of: $0, in: scope) })
    writer.statement(path, text.declaration)
  }

  private mutating func extend(
    _ field: FieldDescriptorProto, _ path: [Int32], scope: String
  ) {
    let extended = index.shortName(of: field.extendee ?? "", in: scope)
    inside([], extended, keyword: "extend") { text in
      text.statement(field, path, of: nil, scope)
    }
  }

  private mutating func inside(
    _ path: [Int32], _ text: String, keyword: String, _ body: (inout SchemaText) -> Void
  ) {
    var inner = self
    writer.block(path, text, keyword: keyword) { writer in
      inner.writer = writer
      body(&inner)
      writer = inner.writer
    }
  }
}
