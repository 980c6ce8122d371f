/// A service of a ``SchemaPool``, which it keeps alive.
public struct ServiceType: Sendable {
  /// The pool the service is from.
  public let pool: SchemaPool
  let index: Int

  var record: ServiceRecord { pool.serviceRecords[index] }

  /// The full name, `files.v1.FileBroker`.
  public var name: String { record.name }
  /// In the order of declaration.
  public var methods: [MethodType] {
    record.methods.indices.map { MethodType(service: self, index: $0) }
  }
  /// The file that declares the service.
  public var file: FileDescriptorProto { pool.files[record.place.file] }
  /// The place in ``file``, as in `google.protobuf.SourceCodeInfo.Location.path`.
  public var path: [Int32] { record.place.path }
  /// The declaration, with options as they were written.
  public var proto: ServiceDescriptorProto { record.proto }
}

/// A method of a service.
public struct MethodType: Sendable {
  /// The service that has the method.
  public let service: ServiceType
  let index: Int

  private var record: MethodRecord { service.record.methods[index] }

  /// Its own name, `Open`.
  public var name: String { record.name }
  /// As calls name it: `files.v1.FileBroker/Open`.
  public var fullName: String { "\(service.name)/\(name)" }
  /// What a request is, or with ``isClientStreaming`` each of them.
  public var input: MessageType { MessageType(pool: service.pool, index: record.input) }
  /// What a reply is, or with ``isServerStreaming`` each of them.
  public var output: MessageType { MessageType(pool: service.pool, index: record.output) }
  /// Whether the caller sends a stream of messages.
  public var isClientStreaming: Bool { proto.clientStreaming == true }
  /// Whether the server sends a stream of messages.
  public var isServerStreaming: Bool { proto.serverStreaming == true }
  /// The place in the service's file.
  public var path: [Int32] { service.path + [2, Int32(index)] }
  /// The declaration, with options as they were written.
  public var proto: MethodDescriptorProto { service.proto.method[index] }
}
