import Foundation
import PackagePlugin

/// Where schemas are looked for, and which module has the code of which.
struct SchemaFolders {
  /// In the order of the search.
  private(set) var folders: [URL] = []
  /// The modules of imported schemas.
  private(set) var modules: [String: Module] = [:]

  struct Module {
    let name: String
    let visibility: Configuration.Visibility
    let isSamePackage: Bool
  }

  init(
    _ target: any SourceModuleTarget, _ configuration: Configuration, in package: Package,
    protoc: URL
  ) throws {
    add(target.directoryURL)
    add(package.directoryURL.appending(path: "Schemas"))
    for folder in configuration.imports ?? [] { add(package.directoryURL.appending(path: folder)) }
    for dependency in target.recursiveTargetDependencies {
      try add(dependency, in: package)
    }
    for other in Self.dependencies(of: package) {
      add(other.directoryURL.appending(path: "Schemas"))
    }
    add(protoc.deletingLastPathComponent().deletingLastPathComponent().appending(path: "include"))
    add(URL(filePath: "/usr/include"))
  }

  func find(_ schema: String) -> URL? {
    folders.map { $0.appending(path: schema) }
      .first { FileManager.default.isReadableFile(atPath: $0.path) }
  }

  private mutating func add(_ folder: URL) {
    let folder = folder.standardizedFileURL
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder),
      isFolder.boolValue, !folders.contains(folder)
    else { return }
    folders.append(folder)
  }

  /// A target that this one depends on, of this package or of another.
  private mutating func add(_ dependency: any Target, in package: Package) throws {
    guard let source = dependency as? any SourceModuleTarget,
      let configuration = try Configuration.read(in: source.directoryURL)
    else { return }
    add(source.directoryURL)
    let module = Module(
      name: source.moduleName, visibility: configuration.visibility ?? .internal,
      isSamePackage: package.targets.contains { $0.id == dependency.id })
    for schema in configuration.schemas { modules[schema] = module }
  }

  /// Every package that this one leads to.
  private static func dependencies(of package: Package) -> [Package] {
    var found: [Package] = []
    var waiting = [package]
    while let next = waiting.popLast() {
      for dependency in next.dependencies
      where !found.contains(where: { $0.id == dependency.package.id }) {
        found.append(dependency.package)
        waiting.append(dependency.package)
      }
    }
    return found
  }
}
