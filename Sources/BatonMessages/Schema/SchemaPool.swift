/// The types and services of a set of schema files, checked and linked.
///
/// The files may come from anywhere, a peer's reflection included: every fault in them is a
/// ``CodecError`` of kind `schema` that names the file and the symbol. The files must contain
/// everything they import, except `baton/options.proto` and protobuf's own `google/protobuf/…`, which
/// the library has itself.
///
/// Only proto3 messages can be read and written. What proto2 files declare is known by name, and
/// using it is an error (``MessageType/refusal``).
public final class SchemaPool: Sendable {
  /// Each behind those it imports.
  public let files: [FileDescriptorProto]
  let messages: [MessageRecord]
  let enums: [EnumRecord]
  let serviceRecords: [ServiceRecord]
  let symbols: [ExactString: SymbolRecord]
  /// Keeps the layouts findable for each other.
  private let links: LayoutLinks

  /// Links `files`, which may come in any order; a file may be there twice if both are equal.
  public init(files: [FileDescriptorProto]) throws(CodecError) {
    let ordered = try SchemaFileOrder.sort(LibrarySchemas.complete(files))
    var symbols = SymbolCollector()
    for index in ordered.indices { try symbols.collect(ordered[index], index) }
    var linker = SchemaLinker(files: ordered, symbols: symbols)
    try linker.link()
    self.files = ordered
    messages = linker.messages
    enums = linker.enums
    serviceRecords = linker.services
    self.symbols = linker.symbols
    links = linker.links
  }

  /// Links a serialised `google.protobuf.FileDescriptorSet`, as `protoc --descriptor_set_out
  /// --include_imports --include_source_info` writes it.
  public convenience init(descriptorSet bytes: [UInt8]) throws(CodecError) {
    try self.init(files: FileDescriptorSet(decoding: bytes).file)
  }

  /// Links serialised `google.protobuf.FileDescriptorProto`s, as the reflection service sends them.
  public convenience init(serializedFiles: [[UInt8]]) throws(CodecError) {
    var files: [FileDescriptorProto] = []
    for bytes in serializedFiles { files.append(try FileDescriptorProto(decoding: bytes)) }
    try self.init(files: files)
  }

  /// Links files that generated code carries, with all they import.
  public convenience init(_ files: [SchemaFile]) throws(CodecError) {
    var seen: Set<String> = []
    var waiting = files
    var decoded: [FileDescriptorProto] = []
    while let file = waiting.popLast() {
      if !seen.insert(file.name).inserted { continue }
      decoded.append(try FileDescriptorProto(file))
      waiting += file.imports()
    }
    try self.init(files: decoded)
  }
}

/// Something a schema gives a full name to.
public enum SchemaSymbol: Sendable {
  case message(MessageType)
  case enumeration(EnumType)
  case service(ServiceType)
  case method(MethodType)
}

extension SchemaPool {
  /// What the full name stands for, `files.v1.OpenReply`. A method's may be written with a slash or
  /// a dot before its own name.
  public func symbol(_ name: String) -> SchemaSymbol? {
    // By bytes: comparing a character of many marks takes a time that is quadratic.
    let slash = UInt8(ascii: "/")
    let dotted = String(
      decoding: name.utf8.map { $0 == slash ? UInt8(ascii: ".") : $0 }, as: UTF8.self)
    return switch symbols[ExactString(dotted)] {
    case .message(let index)?: .message(MessageType(pool: self, index: index))
    case .enumeration(let index)?: .enumeration(EnumType(pool: self, index: index))
    case .service(let index)?: .service(ServiceType(pool: self, index: index))
    case .method(let service, let index)?:
      .method(MethodType(service: ServiceType(pool: self, index: service), index: index))
    case nil: nil
    }
  }

  /// The message type with this full name.
  public func message(_ name: String) -> MessageType? {
    guard case .message(let index)? = symbols[ExactString(name)] else { return nil }
    return MessageType(pool: self, index: index)
  }

  /// The enumeration with this full name.
  public func enumeration(_ name: String) -> EnumType? {
    guard case .enumeration(let index)? = symbols[ExactString(name)] else { return nil }
    return EnumType(pool: self, index: index)
  }

  /// The service with this full name.
  public func service(_ name: String) -> ServiceType? {
    guard case .service(let index)? = symbols[ExactString(name)] else { return nil }
    return ServiceType(pool: self, index: index)
  }

  /// The method that `files.v1.FileBroker/Open` names; throws which services or methods there are.
  public func method(_ name: String) throws(CodecError) -> MethodType {
    let parts = name.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map {
      String($0)
    }
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw CodecError(.schema, "expected SERVICE/METHOD, got \(name.quoted)")
    }
    guard let service = service(parts[0]) else {
      throw CodecError(
        .schema,
        "there is no service \(parts[0].quoted); there is \(Self.list(services.map(\.name)))"
      )
    }
    guard let method = service.methods.first(where: { $0.name.isExactly(parts[1]) }) else {
      throw CodecError(
        .schema,
        "\(parts[0]) has no method \(parts[1].quoted); it has \(Self.list(service.methods.map(\.name)))"
      )
    }
    return method
  }

  /// All message types, a file's behind those of the files it imports, in the order of their
  /// declaration. The entries of maps are among them.
  public var messageTypes: [MessageType] {
    messages.indices.map { MessageType(pool: self, index: $0) }
  }
  /// All enumerations, in the same order.
  public var enumTypes: [EnumType] { enums.indices.map { EnumType(pool: self, index: $0) } }
  /// All services, in the same order.
  public var services: [ServiceType] {
    serviceRecords.indices.map { ServiceType(pool: self, index: $0) }
  }

  /// Names for an error, of which it takes so many as can be read.
  static func list(_ names: [String]) -> String {
    if names.isEmpty { return "none" }
    let more = names.count > 20 ? " and \(names.count - 20) more" : ""
    return names.prefix(20).joined(separator: ", ") + more
  }
}
