import BatonMessages

/// Which Swift module holds the code of which schema.
struct ModuleMap {
  enum Home: Hashable {
    /// The module that code is generated for.
    case own
    case other(String)
    /// No code: only options are imported from it.
    case nowhere
  }

  private let own: String
  private let generated: Set<String>
  private let named: [String: String]

  init(_ parameters: Parameters, generating files: [String]) {
    own = parameters.module
    generated = Set(files)
    named = parameters.modules
  }

  func home(of schema: String) -> Home {
    if generated.contains(schema) { return .own }
    guard let module = named[schema] ?? Self.shipped(schema) else { return .nowhere }
    return module == own ? .own : .other(module)
  }

  /// In front of the Swift names of protobuf's own types, which would hide those of the standard
  /// library otherwise.
  static func prefix(of file: FileDescriptorProto) -> String {
    if let prefix = file.options?.swiftPrefix { return prefix }
    return file.package == "google.protobuf" ? "Proto" : ""
  }

  private static func shipped(_ schema: String) -> String? {
    shippedSchemas.contains(schema) ? "BatonMessages" : nil
  }

  private static let shippedSchemas: Set<String> = [
    "baton/options.proto", "google/protobuf/any.proto", "google/protobuf/api.proto",
    "google/protobuf/duration.proto", "google/protobuf/empty.proto",
    "google/protobuf/field_mask.proto", "google/protobuf/source_context.proto",
    "google/protobuf/struct.proto", "google/protobuf/timestamp.proto",
    "google/protobuf/type.proto", "google/protobuf/wrappers.proto",
  ]
}
