/// Writes what a user sees of one message: its properties and its memberwise initialiser.
struct MessagePrinter {
  let message: MessageModel
  let visibility: String
  let scope: Scope

  func print(to text: inout SwiftText) {
    for member in message.members { print(member, to: &text) }
    text.line("\(visibility) var unknownFields = \(scope.messages("UnknownFields"))()")
    text.line()
    printInitialiser(to: &text)
  }

  private func print(_ member: MessageModel.Member, to text: inout SwiftText) {
    switch member {
    case .oneof(let oneof):
      text.comment(oneof.comment)
      text.line(
        "\(visibility) var \(SwiftName.escaped(oneof.name)): "
          + "\(SwiftName.escaped(oneof.typeName))?")
    case .field(let field):
      text.comment(field.comment)
      if field.isDeprecated { return printDeprecated(field, to: &text) }
      text.line(
        "\(indirection(field))\(visibility) var \(SwiftName.escaped(field.name)): \(scope.type(field))"
      )
    }
  }

  /// The attribute stands on a computed property, so that the code here can name the stored one.
  private func printDeprecated(_ field: FieldModel, to text: inout SwiftText) {
    let type = scope.type(field)
    text.line("@available(*, deprecated)")
    text.block("\(visibility) var \(SwiftName.escaped(field.name)): \(type)") { text in
      text.line("get { _\(field.name) }")
      text.line("set { _\(field.name) = newValue }")
    }
    text.line("\(indirection(field))private var _\(field.name): \(type)")
  }

  private func indirection(_ field: FieldModel) -> String {
    field.isRecursive ? "@\(scope.messages("Indirect")) " : ""
  }

  private func initial(_ field: FieldModel) -> String {
    scope.initial(field).map { " = \($0)" } ?? ""
  }

  private func printInitialiser(to text: inout SwiftText) {
    let parameters: [Expression] = message.members.map { member in
      switch member {
      case .oneof(let oneof):
        "\(SwiftName.escaped(oneof.name)): \(SwiftName.escaped(oneof.typeName))? = nil"
      case .field(let field):
        "\(SwiftName.escaped(field.name)): \(scope.type(field))\(initial(field))"
      }
    }
    if message.isDeprecated { text.line("@available(*, deprecated)") }
    if parameters.isEmpty { return text.line("\(visibility) init() {}") }
    text.declaration("\(visibility) init", parameters, " {")
    text.indented { text in
      for member in message.members {
        text.statement(
          "self.\(member.storage) =", Expression(SwiftName.escaped(member.name)))
      }
    }
    text.line("}")
  }
}

extension MessageModel.Member {
  var name: String {
    switch self {
    case .field(let field): field.name
    case .oneof(let oneof): oneof.name
    }
  }

  /// The name of the stored property.
  var storage: String {
    if case .field(let field) = self { field.storage } else { SwiftName.escaped(name) }
  }
}

extension FieldModel {
  /// The name of the stored property.
  var storage: String { isDeprecated ? "_\(name)" : SwiftName.escaped(name) }
}
