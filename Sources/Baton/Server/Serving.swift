import BatonMessages
import CoreMetrics
import Logging

/// What is served, and how, on all connections of a server or of a client that offers services.
final class Serving: Sendable {
  let methods: MethodTable
  let limits: CodecLimits
  let callsPerConnection: Int
  let descriptorsPerConnection: Int
  /// Descriptors that came with requests of calls that are not answered, on all connections.
  let descriptors: DescriptorBudget
  let methodPolicies: [String: AccessPolicy]
  /// Nanoseconds without a call after which a connection is ended; nil: never.
  let idleTimeout: UInt64?
  let interceptors: [any ServerInterceptor]
  let logger: Logger
  /// Where to count calls; nil where nobody listens.
  let metrics: ServingMetrics?

  init(
    _ methods: MethodTable, limits: CodecLimits, callsPerConnection: Int,
    descriptorsPerConnection: Int, descriptors: Int, methodPolicies: [String: AccessPolicy] = [:],
    idleTimeout: Duration? = nil, interceptors: [any ServerInterceptor] = [], logger: Logger,
    metrics: (any MetricsFactory)?
  ) {
    self.methods = methods
    self.limits = limits
    self.callsPerConnection = callsPerConnection
    self.descriptorsPerConnection = descriptorsPerConnection
    self.descriptors = DescriptorBudget(descriptors)
    self.methodPolicies = methodPolicies
    self.idleTimeout = idleTimeout.map { UInt64($0.clampedNanoseconds) }
    self.interceptors = interceptors
    self.logger = logger
    self.metrics = metrics.map { ServingMetrics($0, methods) }
  }

  /// Why `peer` may not call a method; nil when it may. A policy of the method counts more than one
  /// of its service.
  func refusal(of method: ServedMethod, to peer: PeerCredentials) -> RPCError? {
    if methodPolicies.isEmpty { return nil }
    let service = method.name.prefix { $0 != "/" }
    let policy = methodPolicies[method.name] ?? methodPolicies[String(service)]
    return policy?.refusal(of: peer, calling: method.name)
  }
}
