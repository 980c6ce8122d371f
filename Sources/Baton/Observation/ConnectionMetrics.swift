import CoreMetrics

/// The metrics of connections themselves, all those of a server or of one client together.
final class ConnectionMetrics: Sendable {
  private let active: Meter
  private let bytesReceived: Counter
  private let bytesSent: Counter
  private let descriptorsReceived: Counter
  private let descriptorsUnclaimed: Counter

  init(_ side: CallMetrics.Side, _ factory: any MetricsFactory) {
    func counter(_ name: String) -> Counter {
      Counter(label: "baton.\(side).\(name)", dimensions: [], factory: factory)
    }
    active = Meter(label: "baton.\(side).active_connections", dimensions: [], factory: factory)
    bytesReceived = counter("received_bytes")
    bytesSent = counter("sent_bytes")
    descriptorsReceived = counter("received_descriptors")
    descriptorsUnclaimed = counter("unclaimed_descriptors")
  }

  func began() { active.increment() }
  func ended() { active.decrement() }

  func sent(_ bytes: Int) { bytesSent.increment(by: bytes) }

  func received(_ bytes: Int, descriptors: Int) {
    bytesReceived.increment(by: bytes)
    if descriptors > 0 { descriptorsReceived.increment(by: descriptors) }
  }

  /// Descriptors that came and were closed without having reached whom the message was for.
  func closedUnclaimed(_ descriptors: Int) {
    if descriptors > 0 { descriptorsUnclaimed.increment(by: descriptors) }
  }
}
