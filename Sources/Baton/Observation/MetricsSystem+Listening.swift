package import CoreMetrics

extension MetricsSystem {
  /// Where metrics go: to the given factory, else to the one that was bootstrapped. nil where nobody
  /// listens, so that nothing is counted.
  package static func listening(_ given: (any MetricsFactory)?) -> (any MetricsFactory)? {
    let factory = given ?? Self.factory
    return factory is NOOPMetricsHandler ? nil : factory
  }
}
