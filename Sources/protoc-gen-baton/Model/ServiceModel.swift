import BatonMessages

/// A service as it will be written in Swift.
struct ServiceModel {
  struct Method {
    let schemaName: String
    let name: String
    let comment: [String]
    let isDeprecated: Bool
    let request: DeclaredType
    let response: DeclaredType
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
