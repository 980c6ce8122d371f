public import BatonMessages

/// A method of a service with the types of its messages, as generated code declares it.
public struct Method<Request: Message, Response: Message>: Sendable {
  /// `files.v1.FileBroker/Open`.
  public var name: String { identity.name }
  @usableFromInline let identity: MethodIdentity

  public init(_ service: String, _ method: String) {
    identity = MethodIdentity("\(service)/\(method)")
  }
}

/// A service's name and the schema file that declares it.
public struct ServiceSchema: Sendable {
  /// `files.v1.FileBroker`.
  public let name: String
  public let file: SchemaFile

  public init(name: String, file: SchemaFile) {
    self.name = name
    self.file = file
  }
}
