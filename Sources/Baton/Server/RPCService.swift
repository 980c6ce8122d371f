/// A service as a server takes it. Generated protocols refine this; a type that implements one of
/// them gets the first two members from generated code.
public protocol RPCService: Sendable {
  static var schema: ServiceSchema { get }
  func register(in methods: inout MethodTable)

  /// The server begins to end: it takes no more calls, and waits for those in flight. Called once, on
  /// any thread, for streams to end that would go on for ever. Does nothing where it is not
  /// implemented.
  func serverIsLeaving()
}

extension RPCService {
  public func serverIsLeaving() {}
}
