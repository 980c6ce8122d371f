public import BatonMessages

/// A method of a service with the types of its messages, as generated code declares it.
public struct Method<Request: Message, Response: Message>: Sendable {
  /// `files.v1.FileBroker/Open`.
  public var name: String { identity.name }
  /// Whether a call may be made twice without harm: the schema says `idempotency_level` is `IDEMPOTENT`
  /// or `NO_SIDE_EFFECTS`. Such a call may be made again when it fails (``RetryPolicy``).
  public let isIdempotent: Bool
  @usableFromInline let identity: MethodIdentity

  public init(_ service: String, _ method: String, isIdempotent: Bool = false) {
    identity = MethodIdentity("\(service)/\(method)")
    self.isIdempotent = isIdempotent
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
