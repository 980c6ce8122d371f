/// The comments of a schema file, found by the place of what they are about.
public struct SchemaComments: Sendable {
  private let locations: [[Int32]: Location]

  /// Empty when `file` was made without source information.
  public init(_ file: FileDescriptorProto) {
    locations = Dictionary(
      (file.sourceCodeInfo?.location ?? []).map { ($0.path, $0) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The location at a path like ``MessageType/path``; its comments may hold any characters.
  public subscript(path: [Int32]) -> Location? { locations[path] }
}
