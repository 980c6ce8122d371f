import CoreMetrics

/// The metrics of a server: of its connections, of the calls that it answers, and of those that it
/// makes to its clients.
struct ServingMetrics: Sendable {
  let connections: ConnectionMetrics
  let answered: CallMetrics
  let made: CallMetrics

  init(_ factory: any MetricsFactory, _ methods: MethodTable) {
    connections = ConnectionMetrics(.server, factory)
    answered = CallMetrics(.server, factory, methods)
    made = CallMetrics(.client, factory)
  }
}
