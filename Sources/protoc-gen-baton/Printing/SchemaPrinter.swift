import BatonMessages

/// Writes the schema itself, for reflection, and which runtime the code was made for.
struct SchemaPrinter {
  let visibility: String
  let scope: Scope

  func print(_ schema: SchemaModel, to text: inout SwiftText) {
    text.comment(["The schema `\(schema.name)` itself, as servers show it to their callers."])
    text.block("\(visibility) enum \(schema.typeName)") { text in
      printFile("\(visibility) static let file", schema, to: &text)
      for carried in carried(by: schema) {
        text.line()
        printFile("private static let \(constant(carried))", carried, to: &text)
      }
      text.line()
      text.comment(["What the code of this file needs of the library."])
      text.line("private typealias Runtime = \(scope.messages("GeneratedCode")).Version1")
    }
  }

  private func printFile(_ head: String, _ schema: SchemaModel, to text: inout SwiftText) {
    text.line("\(head) = \(scope.messages("SchemaFile"))(")
    let imports = schema.imports.map(name)
    text.indented { text in
      text.line("name: \"\(schema.name)\",")
      printBytes(schema.bytes, imports.isEmpty ? ")" : ",", to: &text)
      if imports.isEmpty { return }
      let list = "[\(imports.joined(separator: ", "))]"
      let short = "imports: { \(list) })"
      if text.fits(short) { return text.line(short) }
      text.line("imports: {")
      text.indented { text in
        text.line("[")
        text.indented { text in text.lines(imports.map { "\($0)," }) }
        text.line("]")
      }
      text.line("})")
    }
  }

  private func printBytes(_ bytes: [UInt8], _ tail: String, to text: inout SwiftText) {
    let base64 = Array(Base64.encode(bytes))
    let width = 88
    text.line("base64: \"\"\"")
    text.indented { text in
      for start in stride(from: 0, to: base64.count, by: width) {
        let end = min(start + width, base64.count)
        text.line(String(base64[start..<end]) + (end < base64.count ? "\\" : ""))
      }
      text.line("\"\"\"\(tail)")
    }
  }

  private func name(_ schema: SchemaModel.Import) -> String {
    switch schema {
    case .own(let name): SwiftName.file(name) + "Schema.file"
    case .other("BatonMessages", let name): SwiftName.file(name) + "Schema.file"
    case .other(let module, let name): "\(module)::\(SwiftName.file(name))Schema.file"
    case .carried(let schema): constant(schema)
    }
  }

  private func constant(_ schema: SchemaModel) -> String { SwiftName.constant(file: schema.name) }

  /// Each once, those inside others too.
  private func carried(by schema: SchemaModel) -> [SchemaModel] {
    var seen: Set<String> = []
    var found: [SchemaModel] = []
    func visit(_ schema: SchemaModel) {
      for case .carried(let inner) in schema.imports where seen.insert(inner.name).inserted {
        found.append(inner)
        visit(inner)
      }
    }
    visit(schema)
    return found
  }
}
