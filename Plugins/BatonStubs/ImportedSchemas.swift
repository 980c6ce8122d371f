import Foundation

/// The schemas of a target and all that they import, each found in a folder. What is not found is
/// left for protoc to complain about, which knows the line at any time.
struct ImportedSchemas {
  private let folders: SchemaFolders
  private let own: Set<String>
  private var seen: [String: URL] = [:]

  init(folders: SchemaFolders, own: Set<String>) {
    self.folders = folders
    self.own = own
  }

  var files: [URL] { seen.values.sorted { $0.path < $1.path } }

  mutating func add(_ schema: String, listedIn file: URL) throws {
    guard let found = folders.find(schema) else {
      let searched = folders.folders.map(\.path).joined(separator: ", ")
      throw Problem("\(file.path): \(schema) was not found in \(searched)")
    }
    try visit(schema, found)
  }

  private mutating func visit(_ schema: String, _ file: URL) throws {
    if seen.updateValue(file, forKey: schema) != nil { return }
    for statement in try SchemaText(file).imports {
      guard let found = folders.find(statement.schema) else { continue }
      if own.contains(schema) {
        try refuseHidden(statement.schema, "\(file.path):\(statement.line)")
      }
      try visit(statement.schema, found)
    }
  }

  private func refuseHidden(_ schema: String, _ place: String) throws {
    guard !own.contains(schema), let module = folders.modules[schema] else { return }
    let isVisible = module.visibility == .public
    if isVisible || module.isSamePackage && module.visibility == .package { return }
    throw Problem(
      """
      \(place): \(schema) is generated in \(module.name), whose baton.json does not make it visible \
      here: set its visibility to \(module.isSamePackage ? "package or public" : "public")
      """)
  }
}
