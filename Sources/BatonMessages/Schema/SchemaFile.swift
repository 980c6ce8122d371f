/// One schema file as generated code carries it, for reflection: a serialised FileDescriptorProto
/// with comments, and the files it imports.
public struct SchemaFile: Sendable {
  /// The name it is imported by, `files/v1/broker.proto`.
  public let name: String
  /// Base64 of the serialised `google.protobuf.FileDescriptorProto`.
  public let base64: String
  /// A closure, so that nothing is built until somebody asks.
  public let imports: @Sendable () -> [SchemaFile]

  public init(
    name: String, base64: String, imports: @escaping @Sendable () -> [SchemaFile] = { [] }
  ) {
    self.name = name
    self.base64 = base64
    self.imports = imports
  }
}
