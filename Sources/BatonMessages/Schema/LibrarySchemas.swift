/// The schema files that this library carries, which other schemas import without sending them.
enum LibrarySchemas {
  private static let files = [
    BatonOptionsSchema.file, GoogleProtobufAnySchema.file, GoogleProtobufApiSchema.file,
    GoogleProtobufDurationSchema.file, GoogleProtobufEmptySchema.file,
    GoogleProtobufFieldMaskSchema.file, GoogleProtobufSourceContextSchema.file,
    GoogleProtobufStructSchema.file, GoogleProtobufTimestampSchema.file,
    GoogleProtobufTypeSchema.file, GoogleProtobufWrappersSchema.file,
  ]

  /// `files` and those of the library's that they import but do not contain.
  static func complete(
    _ files: [FileDescriptorProto]
  ) throws(CodecError) -> [FileDescriptorProto] {
    var missing = Set(files.lazy.flatMap(\.dependency).map(ExactString.init))
    missing.subtract(files.lazy.compactMap(\.name).map(ExactString.init))
    if missing.isEmpty { return files }
    let known = Self.files + Self.files.flatMap { $0.imports() }
    guard let found = known.first(where: { missing.contains(ExactString($0.name)) }) else {
      return files
    }
    return try complete(files + [FileDescriptorProto(found)])
  }
}

extension FileDescriptorProto {
  init(_ file: SchemaFile) throws(CodecError) {
    guard let bytes = Base64.decode(file.base64) else {
      throw CodecError(.schema, "\(file.name): expected base64")
    }
    try self.init(decoding: bytes)
  }
}
