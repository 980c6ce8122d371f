import Foundation
import PackagePlugin

/// Generates a target's Swift code from its schemas during the build.
@main
struct BatonStubs: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    guard let target = target as? any SourceModuleTarget else { return [] }
    guard let configuration = try Configuration.read(in: target.directoryURL) else {
      throw Problem(
        """
        \(target.directoryURL.path): expected the file baton.json, such as \
        {"schemas": ["files/v1/broker.proto"]}
        """)
    }
    if configuration.output != nil {
      throw Problem(
        """
        \(target.directoryURL.path)/baton.json: with output the code is written by BatonGenerate; \
        remove output, or the plugin BatonStubs from \(target.name)
        """)
    }
    let generation = try Generation(
      target, configuration, in: context.package,
      generator: context.tool(named: "protoc-gen-baton").url, to: context.pluginWorkDirectoryURL)
    return [
      .buildCommand(
        displayName: "Generating Swift from the schemas of \(target.name)",
        executable: try context.tool(named: "baton-protoc").url, arguments: generation.arguments,
        inputFiles: generation.inputs, outputFiles: generation.outputs)
    ]
  }
}
