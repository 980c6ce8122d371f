import BatonMessages

/// Tells callers the services' names and the schemas they are declared in.
struct ReflectionService: Reflection.SynchronousService {
  private let schemas: [ServiceSchema]

  /// Describes `schemas` and itself.
  init(_ schemas: [ServiceSchema]) {
    self.schemas = schemas + [Self.schema]
  }

  func describe(_ request: DescribeRequest, context: CallContext) -> DescribeReply {
    var files: [[UInt8]] = []
    var seen: Set<String> = []
    for schema in schemas { Self.add(schema.file, to: &files, &seen) }
    return DescribeReply(services: schemas.map(\.name).sorted(), files: files)
  }

  /// Adds a file behind those it imports, each once.
  private static func add(
    _ file: SchemaFile, to files: inout [[UInt8]], _ seen: inout Set<String>
  ) {
    guard seen.insert(file.name).inserted else { return }
    for imported in file.imports() { add(imported, to: &files, &seen) }
    if let bytes = Base64.decode(file.base64) { files.append(bytes) }
  }
}
