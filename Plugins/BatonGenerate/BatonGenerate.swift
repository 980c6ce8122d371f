import Foundation
import PackagePlugin

/// Writes the Swift code of schemas into the folders of targets that commit it.
@main
struct BatonGenerate: CommandPlugin {
  func performCommand(context: PluginContext, arguments: [String]) throws {
    var arguments = ArgumentExtractor(arguments)
    let names = arguments.extractOption(named: "target")
    if let unknown = arguments.remainingArguments.first {
      throw Problem("expected --target NAME, got \(unknown)")
    }
    let tools = Tools(
      generator: try context.tool(named: "protoc-gen-baton").url,
      protoc: try context.tool(named: "baton-protoc").url)
    for target in try targets(names, context.package) {
      try generate(target, context.package, tools, context.pluginWorkDirectoryURL)
    }
  }

  private struct Tools {
    let generator: URL
    let protoc: URL
  }

  /// Those named, or all whose configuration says where the code goes.
  private func targets(_ names: [String], _ package: Package) throws -> [any SourceModuleTarget] {
    if names.isEmpty {
      return try package.targets.compactMap { $0 as? any SourceModuleTarget }.filter {
        try Configuration.read(in: $0.directoryURL)?.output != nil
      }
    }
    return try package.targets(named: names).compactMap { $0 as? any SourceModuleTarget }
  }

  private func generate(
    _ target: any SourceModuleTarget, _ package: Package, _ tools: Tools, _ scratch: URL
  ) throws {
    guard let configuration = try Configuration.read(in: target.directoryURL) else {
      throw Problem("\(target.directoryURL.path): expected the file baton.json")
    }
    let fresh = scratch.appending(path: target.name)
    try? FileManager.default.removeItem(at: fresh)
    try FileManager.default.createDirectory(at: fresh, withIntermediateDirectories: true)
    let generation = try Generation(
      target, configuration, in: package, generator: tools.generator, to: fresh)
    let process = try Process.run(tools.protoc, arguments: generation.arguments)
    process.waitUntilExit()
    if process.terminationStatus != 0 {
      throw Problem("the schemas of \(target.name) were refused")
    }
    try replace(
      target.directoryURL.appending(path: configuration.output ?? "Generated"), by: fresh)
  }

  /// Files that are as they were stay untouched, so that they are not compiled again.
  private func replace(_ folder: URL, by fresh: URL) throws {
    let files = FileManager.default
    try files.createDirectory(at: folder, withIntermediateDirectories: true)
    let names = try files.contentsOfDirectory(atPath: fresh.path)
    for name in names {
      let content = try Data(contentsOf: fresh.appending(path: name))
      let file = folder.appending(path: name)
      if (try? Data(contentsOf: file)) != content { try content.write(to: file) }
    }
    try removeStale(in: folder, but: Set(names))
  }

  /// Code of schemas that are not listed any more.
  private func removeStale(in folder: URL, but current: Set<String>) throws {
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
    where file.hasSuffix(".baton.swift") && !current.contains(file) {
      try FileManager.default.removeItem(at: folder.appending(path: file))
    }
  }
}
