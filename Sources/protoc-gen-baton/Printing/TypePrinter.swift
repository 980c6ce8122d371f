/// Writes messages and enumerations.
struct TypePrinter {
  let visibility: String

  func print(_ message: MessageModel, _ outer: Scope, to text: inout SwiftText) {
    guard let name = message.path.last else { return }
    let scope = outer.inside(name)
    let conformances =
      [scope.messages("Message")] + (message.isHashable ? [scope.swift("Hashable")] : [])
    text.comment(message.comment.noting(message.isDeprecated))
    text.block(
      "\(visibility) struct \(SwiftName.escaped(name)): \(conformances.joined(separator: ", "))"
    ) { text in
      MessagePrinter(message: message, visibility: visibility, scope: scope).print(to: &text)
      for case .oneof(let oneof) in message.members {
        text.line()
        OneofPrinter(oneof: oneof, visibility: visibility, scope: scope).print(to: &text)
      }
      for nested in message.enumerations {
        text.line()
        print(nested, scope, to: &text)
      }
      for nested in message.messages {
        text.line()
        print(nested, scope, to: &text)
      }
      CodecPrinter(message: message, visibility: visibility, scope: scope).print(to: &text)
    }
  }

  func print(_ enumeration: EnumModel, _ outer: Scope, to text: inout SwiftText) {
    EnumPrinter(enumeration: enumeration, visibility: visibility, outer: outer).print(to: &text)
  }
}

extension [String] {
  /// With a remark for declarations that the generated code must name itself, which would warn if
  /// they had the attribute.
  func noting(_ isDeprecated: Bool) -> [String] {
    guard isDeprecated else { return self }
    return self + (isEmpty ? [] : [""]) + ["- Note: Deprecated in the schema."]
  }
}
