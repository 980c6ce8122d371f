import BatonMessages

/// A message or an enumeration of a schema and its place in Swift.
struct DeclaredType {
  enum Form {
    case message(DescriptorProto)
    case enumeration(EnumDescriptorProto)
  }

  /// `files.v1.OpenReply`.
  let fullName: String
  /// The Swift names from the outermost type in.
  let path: [String]
  let home: ModuleMap.Home
  /// The schema that declares it.
  let file: String
  let form: Form

  var message: DescriptorProto? {
    if case .message(let message) = form { message } else { nil }
  }
}
