/// Writes the enumeration of one oneof: a case for each member.
struct OneofPrinter {
  let oneof: OneofModel
  let visibility: String
  let scope: Scope

  func print(to text: inout SwiftText) {
    let inner = scope.inside(oneof.typeName)
    let conformances =
      [inner.swift("Sendable")] + (oneof.isHashable ? [inner.swift("Hashable")] : [])
    text.comment(oneof.comment)
    let head =
      "\(visibility) enum \(SwiftName.escaped(oneof.typeName)): "
      + conformances.joined(separator: ", ")
    text.block(head) { text in
      for member in oneof.members {
        text.comment(member.comment.noting(member.isDeprecated))
        let indirection = member.isRecursive ? "indirect " : ""
        text.line(
          "\(indirection)case \(SwiftName.escaped(member.name))(\(inner.element(member.value)))")
      }
    }
  }
}
