import Foundation
import PackagePlugin

/// One run of protoc with protoc-gen-baton: all schemas of one target.
struct Generation {
  let protoc: URL
  let arguments: [String]
  /// The schemas, all that they import, and the configuration.
  let inputs: [URL]
  let outputs: [URL]

  init(
    _ target: any SourceModuleTarget, _ configuration: Configuration, in package: Package,
    generator: URL, to output: URL
  ) throws {
    protoc = try Self.findProtoc()
    let folders = try SchemaFolders(target, configuration, in: package, protoc: protoc)
    let file = target.directoryURL.appending(path: Configuration.fileName)
    var imports = ImportedSchemas(folders: folders, own: Set(configuration.schemas))
    for schema in configuration.schemas { try imports.add(schema, listedIn: file) }

    var options = [
      "Module=\(target.moduleName)",
      "Visibility=\((configuration.visibility ?? .internal).rawValue.capitalized)",
    ]
    for schema in imports.seen.keys.sorted() where !configuration.schemas.contains(schema) {
      if let module = folders.modules[schema] { options.append("M\(schema)=\(module.name)") }
    }
    arguments =
      ["--plugin=protoc-gen-baton=\(generator.path)", "--baton_out=\(output.path)"]
      + options.map { "--baton_opt=\($0)" } + folders.folders.map { "-I\($0.path)" }
      + configuration.schemas
    inputs = [file, generator] + imports.seen.values.sorted { $0.path < $1.path }
    outputs = configuration.schemas.map { output.appending(path: Self.swiftFile($0)) }
  }

  /// The generator's own rule.
  private static func swiftFile(_ schema: String) -> String {
    let stem = schema.hasSuffix(".proto") ? String(schema.dropLast(6)) : schema
    return stem.replacing("/", with: "_") + ".baton.swift"
  }

  /// `PROTOC_PATH` names it; otherwise it is searched for in the folders of `PATH`.
  private static func findProtoc() throws -> URL {
    let environment = ProcessInfo.processInfo.environment
    if let path = environment["PROTOC_PATH"] {
      if FileManager.default.isExecutableFile(atPath: path) { return URL(filePath: path) }
      throw Problem("PROTOC_PATH is \(path), which is not a program")
    }
    for folder in (environment["PATH"] ?? "").split(separator: ":") {
      let program = URL(filePath: String(folder)).appending(path: "protoc")
      if FileManager.default.isExecutableFile(atPath: program.path) { return program }
    }
    throw Problem(
      """
      protoc is not installed: install it (Debian: apt-get install protobuf-compiler) or set \
      PROTOC_PATH to the program
      """)
  }
}

/// The schemas of a target and all that they import, each found in a folder.
struct ImportedSchemas {
  let folders: SchemaFolders
  let own: Set<String>
  private(set) var seen: [String: URL] = [:]

  init(folders: SchemaFolders, own: Set<String>) {
    self.folders = folders
    self.own = own
  }

  mutating func add(_ schema: String, listedIn file: URL) throws {
    guard let found = folders.find(schema) else { throw missing(schema, "\(file.path): ") }
    try visit(schema, found)
  }

  private mutating func visit(_ schema: String, _ file: URL) throws {
    if seen.updateValue(file, forKey: schema) != nil { return }
    for statement in try SchemaText(file).imports {
      let place = "\(file.path):\(statement.line): "
      guard let found = folders.find(statement.schema) else {
        throw missing(statement.schema, place)
      }
      if own.contains(schema) { try refuseHidden(statement.schema, place) }
      try visit(statement.schema, found)
    }
  }

  private func refuseHidden(_ schema: String, _ place: String) throws {
    guard !own.contains(schema), let module = folders.modules[schema] else { return }
    let isVisible = module.visibility == .public
    if isVisible || module.isSamePackage && module.visibility == .package { return }
    throw Problem(
      """
      \(place)\(schema) is generated in \(module.name), whose baton.json does not make it visible \
      here: set its visibility to \(module.isSamePackage ? "package or public" : "public")
      """)
  }

  private func missing(_ schema: String, _ place: String) -> Problem {
    let searched = folders.folders.map(\.path).joined(separator: ", ")
    return Problem("\(place)\(schema) was not found in \(searched)")
  }
}
