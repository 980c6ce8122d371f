import BatonMessages

/// Writes the layouts of one message and of its maps' entries.
struct LayoutPrinter {
  let message: MessageModel
  let visibility: String
  let scope: Scope

  func print(to text: inout SwiftText) {
    let rows = message.fields.map { field in row(field) }
    print("\(visibility) static let layout", message.fullName, rows, to: &text)
    for field in message.fields {
      guard case .map(let key, let entry) = field.shape else { continue }
      text.line()
      let rows: [[Expression]] = [
        ["1", "\"key\"", ".\(key.rawValue)"], ["2", "\"value\"", type(field.value)],
      ]
      let head = "private static let \(Self.entryName(entry))"
      print(head, "\(message.fullName).\(entry)", rows, to: &text)
    }
  }

  /// The constant that holds the layout of a map's entries.
  static func entryName(_ entry: String) -> String {
    SwiftName.escaped(SwiftName.member(entry))
  }

  private func print(
    _ head: String, _ name: String, _ rows: [[Expression]], to text: inout SwiftText
  ) {
    let layout = scope.messages("MessageLayout")
    let start = "\(head): \(layout) ="
    if rows.isEmpty {
      return text.statement(start, Expression(call: layout, ["\"\(name)\"", "[]"]))
    }
    let isShort = text.fits("\(start) \(layout)(")
    text.line(isShort ? "\(start) \(layout)(" : start)
    if isShort { return printArguments(name, rows, to: &text) }
    text.indented { text in
      text.line("\(layout)(")
      printArguments(name, rows, to: &text)
    }
  }

  private func printArguments(
    _ name: String, _ rows: [[Expression]], to text: inout SwiftText
  ) {
    text.indented { text in
      text.line("\"\(name)\",")
      text.line("[")
      text.indented { text in
        let comma = rows.count > 1 ? "," : ""
        for row in rows {
          text.statement("", Expression(call: scope.messages("FieldLayout"), row), comma)
        }
      }
      text.line("])")
    }
  }

  private func row(_ field: FieldModel) -> [Expression] {
    let cardinality: Expression? =
      switch field.shape {
      case .singular, .required: nil
      case .optional: ".optional"
      case .repeated(let packed): packed ? ".repeated" : ".repeatedUnpacked"
      case .map: ".repeated"
      case .oneof(let index): ".oneof(\(index))"
      }
    let type: Expression =
      if case .map(_, let entry) = field.shape {
        ".message { \(Self.entryName(entry)) }"
      } else {
        type(field.value)
      }
    return ["\(field.number)", "\"\(field.schemaName)\"", type] + [cardinality].compactMap(\.self)
  }

  private func type(_ value: ValueType) -> Expression {
    switch value {
    case .scalar(let scalar): ".\(scalar.rawValue)"
    case .enumeration: ".enumeration"
    case .message(let type): ".message { \(scope.name(type)).layout }"
    case .descriptor(let contract): Expression(call: ".descriptor", [self.contract(contract)])
    }
  }

  private func contract(_ contract: DescriptorContract) -> Expression {
    var arguments: [Expression] = []
    if contract.kind != .any { arguments.append("kind: .\(contract.kind)") }
    if contract.access != .any { arguments.append("access: .\(contract.access)") }
    if contract.required { arguments.append("required: true") }
    let type = scope.messages("DescriptorContract")
    return arguments.isEmpty ? "\(type)()" : Expression(call: type, arguments)
  }
}
