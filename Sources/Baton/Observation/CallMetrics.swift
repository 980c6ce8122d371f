import CoreMetrics
import Synchronization

/// The metrics of calls at one side of them, by the identity of their method. Handles are made once:
/// those of a server's methods when it begins, those of a client's when it first calls them.
package final class CallMetrics: Sendable {
  enum Side: String {
    case server, client
  }

  private let side: Side
  private let factory: any MetricsFactory
  private let methods: Mutex<[UInt64: MethodMetrics]>
  /// Of methods that a server does not know: it must not keep what anybody calls.
  private let other: MethodMetrics?

  /// With the methods of a server.
  init(_ side: Side, _ factory: any MetricsFactory, _ methods: MethodTable = MethodTable()) {
    self.side = side
    self.factory = factory
    other = side == .server ? MethodMetrics(side, "_OTHER", factory) : nil
    self.methods = Mutex(methods.names.mapValues { MethodMetrics(side, $0, factory) })
  }

  /// Those of a method that is called here.
  func served(_ identity: UInt64) -> MethodMetrics? { methods.withLock { $0[identity] } ?? other }

  /// Those of a method that is called from here.
  func called(_ method: MethodIdentity) -> MethodMetrics {
    methods.withLock { methods in
      if let known = methods[method.number] { return known }
      let made = MethodMetrics(side, method.name, factory)
      methods[method.number] = made
      return made
    }
  }
}

/// The metrics of one method's calls. The names are those of OpenTelemetry's semantic conventions
/// for RPC where they have one.
final class MethodMetrics: Sendable {
  private let side: CallMetrics.Side
  private let method: String
  private let factory: any MetricsFactory
  let active: Meter
  /// By code; the last is of codes that gRPC does not name. Made when the first call ends so.
  private let durations: Mutex<[CoreMetrics.Timer?]>

  init(_ side: CallMetrics.Side, _ method: String, _ factory: any MetricsFactory) {
    self.side = side
    self.method = method
    self.factory = factory
    active = Meter(
      label: "baton.\(side).active_calls", dimensions: [("rpc.method", method)], factory: factory)
    durations = Mutex(Array(repeating: nil, count: RPCError.Code.names.count + 1))
  }

  func duration(of code: RPCError.Code) -> CoreMetrics.Timer {
    durations.withLock { durations in
      let last = durations.count - 1
      let index = (0..<last).contains(Int(code.rawValue)) ? Int(code.rawValue) : last
      if let known = durations[index] { return known }
      let made = makeTimer(code, index == last ? "_OTHER" : code.description)
      durations[index] = made
      return made
    }
  }

  private func makeTimer(_ code: RPCError.Code, _ name: String) -> CoreMetrics.Timer {
    var dimensions = [
      ("rpc.system.name", "baton"), ("rpc.method", method), ("rpc.response.status_code", name),
    ]
    if side == .client ? code != .ok : code.isServerFault {
      dimensions.append(("error.type", name))
    }
    return CoreMetrics.Timer(
      label: "rpc.\(side).call.duration", dimensions: dimensions, factory: factory)
  }
}
