/// Resolves what the types of a pool say about each other, checks it, and builds the layouts.
struct SchemaLinker {
  /// Fields of one message. Reading a message takes memory for all of its type's fields, whether they
  /// came or not.
  static let mostFields = 8192

  /// Scopes of a pool that are searched for names that are not full, of which protoc writes none. A
  /// small schema with long scopes could ask for thousands for each of its fields.
  static let mostSearched = 1_000_000

  let files: [FileDescriptorProto]
  let symbols: [ExactString: SymbolRecord]
  let enums: [EnumRecord]
  let links = LayoutLinks()
  private(set) var messages: [MessageRecord]
  private(set) var services: [ServiceRecord]
  private var searched = 0

  init(files: [FileDescriptorProto], symbols collected: SymbolCollector) {
    self.files = files
    symbols = collected.symbols
    messages = collected.messages
    enums = collected.enums
    services = collected.services
  }

  mutating func link() throws(CodecError) {
    var own: [Int] = []
    for index in messages.indices {
      messages[index].refusal = foreign(messages[index].place, "messages")
      if messages[index].refusal == nil { own.append(index) }
    }
    for index in own { try linkFields(of: index) }
    for index in own { try linkMaps(of: index) }
    for index in own { try recognise(index) }
    spreadRefusals()
    buildLayouts()
    for index in services.indices { try linkMethods(of: index) }
  }

  /// Why types of this file cannot be used, if so.
  private func foreign(_ place: SchemaPlace, _ types: String) -> String? {
    let file = files[place.file]
    if file.syntax?.isExactly("proto3") == true { return nil }
    let syntax = file.syntax.map { $0.isExactly("proto2") ? $0 : $0.quoted } ?? "proto2"
    return "it is declared in \(file.name ?? ""), which is \(syntax); "
      + "only \(types) of proto3 files can be used"
  }

  // MARK: Fields

  private mutating func linkFields(of index: Int) throws(CodecError) {
    let proto = messages[index].proto
    if proto.field.count > Self.mostFields {
      throw error("expected at most \(Self.mostFields) fields, got \(proto.field.count)", index)
    }
    for oneof in proto.oneofDecl where !SchemaName.isMember(oneof.name ?? "") {
      throw error("expected a oneof's name, got \((oneof.name ?? "").quoted)", index)
    }
    let synthetic = Set(
      proto.field.lazy.filter { $0.proto3Optional == true }.compactMap(\.oneofIndex))
    messages[index].oneofs = Array(repeating: [], count: proto.oneofDecl.count)
    for (place, field) in proto.field.enumerated() {
      let record = try resolve(field, of: index, synthetic)
      if let other = messages[index].byNumber.updateValue(place, forKey: record.number) {
        let name = messages[index].fields[other].name
        throw error("\(name) and \(record.name) both have the number \(record.number)", index)
      }
      messages[index].fields.append(record)
      if case .oneof(let oneof) = record.cardinality { messages[index].oneofs[oneof].append(place) }
    }
    try nameFields(of: index)
  }

  /// Both of a field's names find it. A field's JSON name goes before another's original name.
  private mutating func nameFields(of index: Int) throws(CodecError) {
    var original: Set<String> = []
    for (place, field) in messages[index].fields.enumerated() {
      if !original.insert(field.name).inserted {
        throw error("two fields are named \(field.name)", index)
      }
      if let other = messages[index].byName.updateValue(
        place, forKey: ExactString(field.jsonName))
      {
        let name = messages[index].fields[other].name
        throw error("\(name) and \(field.name) both are \(field.jsonName) in JSON", index)
      }
    }
    for (place, field) in messages[index].fields.enumerated()
    where messages[index].byName[ExactString(field.name)] == nil {
      messages[index].byName[ExactString(field.name)] = place
    }
  }

  private mutating func resolve(
    _ field: FieldDescriptorProto, of index: Int, _ synthetic: Set<Int32>
  ) throws(CodecError) -> FieldRecord {
    guard let name = field.name, SchemaName.isMember(name) else {
      throw error("expected a field's name, got \((field.name ?? "").quoted)", index)
    }
    guard let number = UInt32(exactly: field.number ?? 0), 1...0x1fff_ffff ~= number,
      !(19_000...19_999 ~= number)
    else {
      let range = "from 1 to 536870911 outside of 19000 to 19999"
      throw error("expected a number \(range), got \(field.number ?? 0)", index, name)
    }
    let jsonName = field.jsonName ?? SchemaName.json(name)
    guard SchemaName.isJSON(jsonName) else {
      throw error("expected a printable name for JSON, got \(jsonName.quoted)", index, name)
    }
    return FieldRecord(
      name: name, jsonName: jsonName, number: number,
      value: try value(of: field, name, index),
      cardinality: try cardinality(of: field, name, index, synthetic))
  }

  private func cardinality(
    of field: FieldDescriptorProto, _ name: String, _ index: Int, _ synthetic: Set<Int32>
  ) throws(CodecError) -> FieldRecord.Cardinality {
    switch field.label ?? .optional {
    case .repeated:
      if field.oneofIndex != nil { throw error("a oneof holds no repeated field", index, name) }
      return .repeated(packed: field.options?.packed ?? true)
    case .optional:
      guard let oneof = field.oneofIndex else {
        return field.proto3Optional == true || field.type == .message ? .optional : .singular
      }
      guard messages[index].proto.oneofDecl.indices.contains(Int(oneof)) else {
        throw error("there is no oneof \(oneof)", index, name)
      }
      if !synthetic.contains(oneof) { return .oneof(Int(oneof)) }
      if field.proto3Optional == true { return .optional }
      throw error("the oneof of an optional field holds that field alone", index, name)
    default:
      throw error(
        "expected the label optional or repeated, got number \(field.label?.rawValue ?? 0)", index,
        name)
    }
  }

  private mutating func value(
    of field: FieldDescriptorProto, _ name: String, _ index: Int
  ) throws(CodecError) -> FieldRecord.Value {
    let value = try plainValue(of: field, name, index)
    guard let options = field.options?.descriptor else { return value }
    // On a map the option is about the entry's value: linkMaps(of:).
    if case .message(let entry) = value, messages[entry].isMapEntry { return value }
    return try descriptor(options, instead: value, name, index)
  }

  private mutating func descriptor(
    _ options: SchemaDescriptor, instead value: FieldRecord.Value, _ name: String, _ index: Int
  ) throws(CodecError) -> FieldRecord.Value {
    guard value == .uint32 else {
      throw error("a field with (baton.descriptor) must be a uint32", index, name)
    }
    guard let kind = DescriptorKind(rawValue: options.kind.rawValue),
      let access = DescriptorAccess(rawValue: options.access.rawValue)
    else {
      messages[index].refusal =
        "its field \(name) asks for a descriptor of kind \(options.kind.rawValue) and access "
        + "\(options.access.rawValue), which this version does not know"
      return .descriptor(DescriptorContract())
    }
    return .descriptor(DescriptorContract(kind: kind, access: access, required: options.required))
  }

  private mutating func plainValue(
    of field: FieldDescriptorProto, _ name: String, _ index: Int
  ) throws(CodecError) -> FieldRecord.Value {
    if let type = field.type, type != .message, type != .enumeration {
      guard let scalar = FieldRecord.Value(type) else {
        throw error("expected a type of proto3, got number \(type.rawValue)", index, name)
      }
      return scalar
    }
    let typeName = field.typeName ?? ""
    switch (try find(typeName, from: messages[index].name), field.type) {
    case (.message(let other)?, .message?): return .message(other)
    case (.enumeration(let other)?, .enumeration?): return .enumeration(other)
    default: throw error("expected the name of a type, got \(typeName.quoted)", index, name)
    }
  }

  /// A name with a leading dot is full; another is looked for in the scope and those around it.
  /// Throws when that was done too often.
  private mutating func find(_ name: String, from scope: String) throws(CodecError) -> SymbolRecord?
  {
    if name.utf8.count > SchemaName.longest + 1 { return nil }
    if name.utf8.first == UInt8(ascii: ".") {
      return symbols[ExactString(String(name.unicodeScalars.dropFirst()))]
    }
    var scope = Substring(scope)
    while !scope.isEmpty {
      searched += 1
      if searched > Self.mostSearched {
        throw CodecError(
          .schema,
          "expected full names of types, with a leading dot, as protoc writes them: "
            + "more than \(Self.mostSearched) scopes were searched for others", path: String(scope))
      }
      if let symbol = symbols[ExactString("\(scope).\(name)")] { return symbol }
      scope = scope[..<(scope.lastIndex(of: ".") ?? scope.startIndex)]
    }
    return symbols[ExactString(name)]
  }

  // MARK: Maps

  /// Repeated fields of a type that is marked as a map's entry are maps. Such a type serves the one
  /// field of the message it is declared in.
  private mutating func linkMaps(of index: Int) throws(CodecError) {
    var used: Set<Int> = []
    for place in messages[index].fields.indices {
      let field = messages[index].fields[place]
      guard case .message(let entry) = field.value, messages[entry].isMapEntry else { continue }
      guard case .repeated = field.cardinality, messages[entry].parent == index,
        used.insert(entry).inserted, messages[entry].refusal == nil
      else { throw error("a map's entry serves the one map it was made for", index, field.name) }
      try checkEntry(entry, of: field.name, index)
      messages[index].fields[place].cardinality = .map
      if let options = messages[index].proto.field[place].options?.descriptor,
        let value = messages[entry].byNumber[2]
      {
        let old = messages[entry].fields[value].value
        let new = try descriptor(options, instead: old, field.name, index)
        messages[entry].fields[value].value = new
      }
    }
  }

  private func checkEntry(
    _ entry: Int, of name: String, _ index: Int
  ) throws(CodecError) {
    let fields = messages[entry].fields
    guard fields.count == 2, let key = fields.first(where: { $0.number == 1 }),
      let value = fields.first(where: { $0.number == 2 }), key.cardinality == .singular,
      value.cardinality == .singular || value.cardinality == .optional
    else { throw error("expected an entry of a key and a value", index, name) }
    switch key.value {
    case .double, .float, .bytes, .enumeration, .message, .descriptor:
      throw error("expected a map's key to be an integer, a bool or a string", index, name)
    default: break
    }
  }

  // MARK: Well-known types

  private mutating func recognise(_ index: Int) throws(CodecError) {
    guard let wellKnown = WellKnownType(name: messages[index].name) else { return }
    guard wellKnown.fits(messages[index], in: self) else {
      throw error("the type does not have the fields that protobuf gives it", index)
    }
    messages[index].wellKnown = wellKnown
  }

  // MARK: Refusals

  /// A message that can hold one which cannot be used cannot be used either.
  private mutating func spreadRefusals() {
    var holders: [[Int]] = Array(repeating: [], count: messages.count)
    for index in messages.indices where messages[index].refusal == nil {
      for field in messages[index].fields {
        switch field.value {
        case .message(let inner): holders[inner].append(index)
        case .enumeration(let inner):
          guard let reason = foreign(enums[inner].place, "enumerations") else { continue }
          messages[index].refusal =
            "its field \(field.name) is of type \(enums[inner].name), and \(reason)"
        default: continue
        }
      }
    }
    // Which type's own reason it is: reasons within reasons would multiply.
    var roots = Array(messages.indices)
    var waiting = messages.indices.filter { messages[$0].refusal != nil }
    while let index = waiting.popLast() {
      for holder in holders[index] where messages[holder].refusal == nil {
        let root = roots[index]
        roots[holder] = root
        messages[holder].refusal =
          "it can hold a \(messages[root].name), and \(messages[root].refusal ?? "")"
        waiting.append(holder)
      }
    }
  }

  // MARK: Layouts

  private mutating func buildLayouts() {
    for index in messages.indices where messages[index].refusal == nil {
      let record = messages[index]
      let layout = MessageLayout(record.name, record.fields.map { $0.layout(links) })
      for (place, field) in layout.fields.enumerated() {
        guard let own = record.byNumber[field.number] else { continue }
        messages[index].fields[own].slot = layout.slots[place]
      }
      messages[index].layout = layout
    }
    links.fill(messages.map(\.layout))
  }

  // MARK: Services

  private mutating func linkMethods(of index: Int) throws(CodecError) {
    let service = services[index]
    for method in service.proto.method {
      let name = method.name ?? ""
      var types: [Int] = []
      for type in [method.inputType, method.outputType] {
        let found = try find(type ?? "", from: service.name)
        if case .message(let message)? = found { types.append(message) } else { types.append(-1) }
      }
      guard types[0] >= 0, types[1] >= 0 else {
        let missing = (types[0] < 0 ? method.inputType : method.outputType) ?? ""
        let file = files[service.place.file].name ?? ""
        throw CodecError(
          .schema, "expected the name of a message, got \(missing.quoted) (in \(file))",
          path: "\(service.name).\(name)")
      }
      services[index].methods.append(MethodRecord(name: name, input: types[0], output: types[1]))
    }
  }

  private func error(_ message: String, _ index: Int, _ field: String? = nil) -> CodecError {
    let record = messages[index]
    return CodecError(
      .schema, "\(message) (in \(files[record.place.file].name ?? ""))",
      path: field.map { "\(record.name).\($0)" } ?? record.name)
  }
}

extension FieldRecord.Value {
  /// Nil for what proto3 has not, and for types that go by name.
  fileprivate init?(_ kind: FieldDescriptorProto.Kind) {
    switch kind {
    case .double: self = .double
    case .float: self = .float
    case .int64: self = .int64
    case .uint64: self = .uint64
    case .int32: self = .int32
    case .fixed64: self = .fixed64
    case .fixed32: self = .fixed32
    case .bool: self = .bool
    case .string: self = .string
    case .bytes: self = .bytes
    case .uint32: self = .uint32
    case .sfixed32: self = .sfixed32
    case .sfixed64: self = .sfixed64
    case .sint32: self = .sint32
    case .sint64: self = .sint64
    default: return nil
    }
  }
}
