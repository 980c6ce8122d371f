/// Writes one enumeration: a case for each number, and one for the numbers of newer schemas.
struct EnumPrinter {
  let enumeration: EnumModel
  let visibility: String
  let outer: Scope

  private var name: String { enumeration.path.last ?? "" }
  private var scope: Scope { outer.inside(name) }
  private var number: String { scope.swift("Int32") }
  /// A deprecated number has no case, which the code here would have to name.
  private var cases: [EnumModel.Value] { enumeration.values.filter { !$0.isDeprecated } }

  func print(to text: inout SwiftText) {
    text.comment(enumeration.comment.noting(enumeration.isDeprecated))
    let head = "\(visibility) enum \(SwiftName.escaped(name)): \(scope.messages("Enumeration"))"
    text.block(head) { text in
      for value in cases {
        text.comment(value.comment)
        text.line("case \(SwiftName.escaped(value.name))")
      }
      text.comment(["A number that the schema does not name."])
      text.line("case unrecognized(\(number))")
      printConstants(to: &text)
      text.line()
      printInitialiser(to: &text)
      text.line()
      printNumber(to: &text)
    }
  }

  private func printConstants(to text: inout SwiftText) {
    for value in enumeration.values where value.isDeprecated {
      printConstant(value, ".unrecognized(\(value.number))", to: &text)
    }
    for alias in enumeration.aliases {
      guard let value = enumeration.values.first(where: { $0.number == alias.number }) else {
        continue
      }
      let target =
        value.isDeprecated
        ? ".unrecognized(\(value.number))" : ".\(SwiftName.escaped(value.name))"
      printConstant(alias, target, to: &text)
    }
  }

  private func printConstant(_ value: EnumModel.Value, _ target: String, to text: inout SwiftText) {
    text.line()
    text.comment(value.comment)
    if value.isDeprecated { text.line("@available(*, deprecated)") }
    text.line(
      "\(visibility) static var \(SwiftName.escaped(value.name)): "
        + "\(scope.own(enumeration.path)) { \(target) }")
  }

  private func printInitialiser(to text: inout SwiftText) {
    text.block("\(visibility) init(rawValue: \(number))") { text in
      text.line("switch rawValue {")
      for value in cases {
        text.line("case \(value.number): self = .\(SwiftName.escaped(value.name))")
      }
      text.line("default: self = .unrecognized(rawValue)")
      text.line("}")
    }
  }

  private func printNumber(to text: inout SwiftText) {
    text.block("\(visibility) var rawValue: \(number)") { text in
      text.line("switch self {")
      for value in cases {
        text.line("case .\(SwiftName.escaped(value.name)): \(value.number)")
      }
      text.line("case .unrecognized(let number): number")
      text.line("}")
    }
  }
}
