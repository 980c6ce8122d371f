import BatonMessages

/// What one schema file declares, as it will be written in Swift.
struct FileModel {
  /// `files/v1/broker.proto`.
  let name: String
  let messages: [MessageModel]
  let enumerations: [EnumModel]
  let services: [ServiceModel]
  let schema: SchemaModel
  /// The modules of other schemas whose types the code names.
  let modules: Set<String>
}

/// The schema as the generated code carries it.
struct SchemaModel {
  /// A schema this one imports: the Swift code that carries it, or else the schema itself.
  enum Import {
    case own(String)
    case other(module: String, String)
    case carried(SchemaModel)
  }

  let name: String
  let bytes: [UInt8]
  let imports: [Import]

  /// The type that carries it.
  var typeName: String { SwiftName.file(name) + "Schema" }
}
