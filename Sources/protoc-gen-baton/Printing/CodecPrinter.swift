/// Writes how one message is read and written: its layout, `init(from:)` and `write(to:)`.
struct CodecPrinter {
  let message: MessageModel
  let visibility: String
  let scope: Scope

  func print(to text: inout SwiftText) {
    text.line()
    LayoutPrinter(message: message, visibility: visibility, scope: scope).print(to: &text)
    text.line()
    printReading(to: &text)
    text.line()
    printWriting(to: &text)
  }

  /// The stored property where the codec's parameter `fields` may hide it.
  private func property(_ storage: String) -> String {
    storage == "fields" ? "self.fields" : storage
  }

  // MARK: Reading

  private func printReading(to text: inout SwiftText) {
    text.declaration(
      "\(visibility) init", ["from fields: inout \(scope.messages("FieldReader"))"],
      " throws(\(scope.messages("CodecError"))) {")
    text.indented { text in
      for member in message.members {
        let target = property(member.storage)
        switch member {
        case .field(let field): printReading(field, target, to: &text)
        case .oneof(let oneof): printReading(oneof, target, to: &text)
        }
      }
      text.line("unknownFields = fields.unknown()")
    }
    text.line("}")
  }

  private func printReading(_ field: FieldModel, _ target: String, to text: inout SwiftText) {
    if case .map(let key, let entry) = field.shape {
      printReading(map: field, key, entry, target, to: &text)
    } else {
      text.statement("\(target) =", Expression(reading(field)))
    }
  }

  private func reading(_ field: FieldModel) -> String {
    let single = reading(field.value, field.slot)
    switch field.shape {
    case .required: return "try fields.requiredDescriptor(\(field.slot))"
    case .repeated: return reading(field.value, field.slot, "repeated")
    case .optional:
      switch field.value {
      case .message, .descriptor: return single
      default: return "fields.has(\(field.slot)) ? \(single) : nil"
      }
    case .singular, .oneof, .map: return single
    }
  }

  private func printReading(
    map field: FieldModel, _ key: Scalar, _ entry: String, _ target: String,
    to text: inout SwiftText
  ) {
    let layout = LayoutPrinter.entryName(entry)
    let readKey = reading(.scalar(key), 0, from: "entry")
    text.closure(
      "\(target) = try fields.map(\(field.slot), Self.\(layout))",
      "(entry) throws(\(scope.messages("CodecError")))"
    ) { text in
      text.line("(\(readKey), \(readingMapValue(field.value)))")
    }
  }

  private func readingMapValue(_ value: ValueType) -> String {
    switch value {
    case .message: "try entry.messageOrEmpty(1)"
    case .descriptor: "try entry.requiredDescriptor(1)"
    default: reading(value, 1, from: "entry")
    }
  }

  private func printReading(_ oneof: OneofModel, _ target: String, to text: inout SwiftText) {
    guard let slot = oneof.members.first?.slot else { return }
    text.line("\(target) =")
    text.indented { text in
      text.line("switch fields.oneof(\(slot)) {")
      for member in oneof.members {
        let name = SwiftName.escaped(member.name)
        let value =
          switch member.value {
          case .message:
            "try fields.message(\(slot)).map(\(SwiftName.escaped(oneof.typeName)).\(name))"
          case .descriptor: ".\(name)(try fields.requiredDescriptor(\(slot)))"
          default: ".\(name)(\(reading(member.value, slot)))"
          }
        text.statement("case \(member.number):", Expression(value))
      }
      text.line("default: nil")
      text.line("}")
    }
  }

  private func reading(
    _ value: ValueType, _ slot: Int, _ repeated: String = "", from reader: String = "fields"
  ) -> String {
    let mark = value.readingThrows ? "try " : ""
    return "\(mark)\(reader).\(value.method(repeated))(\(slot))"
  }

  // MARK: Writing

  private func printWriting(to text: inout SwiftText) {
    text.declaration(
      "\(visibility) func write", ["to fields: inout \(scope.messages("FieldWriter"))"],
      " throws(\(scope.messages("CodecError"))) {")
    text.indented { text in
      for member in message.members {
        let source = property(member.storage)
        switch member {
        case .field(let field): printWriting(field, source, to: &text)
        case .oneof(let oneof): printWriting(oneof, source, to: &text)
        }
      }
      text.line("fields.unknown(unknownFields)")
    }
    text.line("}")
  }

  private func printWriting(_ field: FieldModel, _ source: String, to text: inout SwiftText) {
    switch field.shape {
    case .singular, .required, .oneof: text.line(writing(field.value, field.slot, source))
    case .optional:
      switch field.value {
      case .message, .descriptor: text.line(writing(field.value, field.slot, source))
      default: printWriting(optional: field, source, to: &text)
      }
    case .repeated: text.line(writing(field.value, field.slot, source, "repeated"))
    case .map(let key, let entry): printWriting(map: field, key, entry, source, to: &text)
    }
  }

  private func printWriting(
    optional field: FieldModel, _ source: String, to text: inout SwiftText
  ) {
    let bound = source.hasPrefix("self.") ? "value" : source
    let binding = bound == source ? bound : "\(bound) = \(source)"
    let write = writing(field.value, field.slot, "\(bound), mark: 1")
    let short = "if let \(binding) { \(write) }"
    if text.fits(short) { return text.line(short) }
    text.block("if let \(binding)") { text in text.line(write) }
  }

  /// Key and value are both written whatever they hold, as protobuf's own libraries do.
  private func printWriting(
    map field: FieldModel, _ key: Scalar, _ entry: String, _ source: String,
    to text: inout SwiftText
  ) {
    let layout = LayoutPrinter.entryName(entry)
    text.closure(
      "try fields.map(\(field.slot), \(source), Self.\(layout))",
      "(entry, key, value) throws(\(scope.messages("CodecError")))"
    ) { text in
      text.line(writing(.scalar(key), 0, "key, mark: 1", to: "entry"))
      text.line(writing(field.value, 1, "value, mark: 1", to: "entry"))
    }
  }

  private func printWriting(_ oneof: OneofModel, _ source: String, to text: inout SwiftText) {
    text.line("switch \(source) {")
    for member in oneof.members {
      let write = writing(member.value, member.slot, "value, mark: \(member.number)")
      text.statement(
        "case .\(SwiftName.escaped(member.name))(let value):", Expression(write))
    }
    text.line("case nil: break")
    text.line("}")
  }

  private func writing(
    _ value: ValueType, _ slot: Int, _ source: String, _ repeated: String = "",
    to writer: String = "fields"
  ) -> String {
    let mark = value.writingThrows ? "try " : ""
    return "\(mark)\(writer).\(value.method(repeated))(\(slot), \(source))"
  }
}

extension ValueType {
  /// The method of FieldReader and FieldWriter.
  func method(_ repeated: String) -> String {
    let single =
      switch self {
      case .scalar(let scalar): scalar.method
      case .enumeration: "enumeration"
      case .message: "message"
      case .descriptor: "descriptor"
      }
    if repeated.isEmpty { return single }
    let start = single.hasPrefix("uint") ? 2 : 1
    return repeated + single.prefix(start).uppercased() + single.dropFirst(start)
  }

  var readingThrows: Bool {
    if case .scalar(.string) = self { true } else { writingThrows }
  }

  var writingThrows: Bool {
    switch self {
    case .message, .descriptor: true
    default: false
    }
  }
}
