/// A generated client: calls a service's methods over a connection.
public protocol ServiceClient: Sendable {
  var connection: Connection { get }
  init(_ connection: Connection)
}

extension ServiceClient {
  /// Connects to `address`: `unix:PATH`, `unix:@NAME`, `fd:NUMBER`, `exec:COMMAND`.
  public init(
    connectingTo address: String, options: ConnectionOptions = ConnectionOptions()
  ) async throws(ConnectionError) {
    self.init(try await Connection.connect(to: Address(address), options: options))
  }
}

/// A generated client whose calls block the calling thread.
public protocol SynchronousServiceClient: Sendable {
  var connection: SynchronousConnection { get }
  init(_ connection: SynchronousConnection)
}

extension SynchronousServiceClient {
  /// Connects to `address`: `unix:PATH`, `unix:@NAME`, `fd:NUMBER`, `exec:COMMAND`.
  public init(
    connectingTo address: String, options: ConnectionOptions = ConnectionOptions()
  ) throws(ConnectionError) {
    self.init(try SynchronousConnection.connect(to: Address(address), options: options))
  }
}
