/// A service as a server takes it. Generated protocols refine this; a type that implements one of
/// them gets both members from generated code.
public protocol RPCService: Sendable {
  static var schema: ServiceSchema { get }
  func register(in methods: inout MethodTable)
}
