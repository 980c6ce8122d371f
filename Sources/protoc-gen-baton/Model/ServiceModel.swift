import BatonMessages

/// A service as it will be written in Swift.
struct ServiceModel {
  struct Method {
    let schemaName: String
    let name: String
    let comment: [String]
    let isDeprecated: Bool
    let isIdempotent: Bool
    let request: DeclaredType
    let response: DeclaredType
    let kind: Kind
  }

  /// Which of a method's sides are streams.
  enum Kind {
    case unary, serverStream, clientStream, bidirectionalStream

    init(requests: Bool, replies: Bool) {
      self =
        requests
        ? (replies ? .bidirectionalStream : .clientStream) : (replies ? .serverStream : .unary)
    }

    var hasRequestStream: Bool { self == .clientStream || self == .bidirectionalStream }
    var hasReplyStream: Bool { self == .serverStream || self == .bidirectionalStream }
  }

  /// The types declared inside every service's namespace.
  static let memberTypes: Set<String> = [
    "Client", "Methods", "Service", "SynchronousClient", "SynchronousService",
  ]

  let fullName: String
  let name: String
  let comment: [String]
  let isDeprecated: Bool
  let methods: [Method]
}
