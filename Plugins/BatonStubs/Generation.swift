import Foundation
import PackagePlugin

/// One run of protoc with protoc-gen-baton: all schemas of one target.
struct Generation {
  /// Of the tool baton-protoc.
  let arguments: [String]
  /// The schemas, all that they import, and the configuration.
  let inputs: [URL]
  let outputs: [URL]

  init(
    _ target: any SourceModuleTarget, _ configuration: Configuration, in package: Package,
    generator: URL, to output: URL
  ) throws {
    let protoc = try Self.findProtoc()
    let folders = try SchemaFolders(target, configuration, in: package, protoc: protoc)
    let file = target.directoryURL.appending(path: Configuration.fileName)
    var imports = ImportedSchemas(folders: folders, own: Set(configuration.schemas))
    for schema in configuration.schemas { try imports.add(schema, listedIn: file) }

    let visibility = (configuration.visibility ?? .internal).rawValue.capitalized
    let modules = folders.modules.filter { !configuration.schemas.contains($0.key) }
    let options =
      ["Module=\(target.moduleName)", "Visibility=\(visibility)"]
      + modules.map { "M\($0.key)=\($0.value.name)" }.sorted()
    arguments =
      ["--plan", file.path, Fingerprint(try Data(contentsOf: file)).text, protoc.path]
      + ["--plugin=protoc-gen-baton=\(generator.path)", "--baton_out=\(output.path)"]
      + options.map { "--baton_opt=\($0)" } + folders.folders.map { "-I\($0.path)" }
      + configuration.schemas
    inputs = [file, generator] + imports.files
    outputs = configuration.schemas.map { output.appending(path: Self.swiftFile($0)) }
  }

  /// The generator's own rule.
  static func swiftFile(_ schema: String) -> String {
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
