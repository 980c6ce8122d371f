import Baton
import BatonTracing
import Logging

/// Who listens to one end of an observed trial. All of them take what they are told as a backend
/// would, and keep none of it: what keeps things in memory gets slower with every call.
struct Observers {
  let metrics = DroppingMetrics()
  let tracer = DroppingTracer()
  let logger: Logger

  init() {
    var logger = Logger(label: "baton-benchmarks") { _ in DroppingLogHandler() }
    logger.logLevel = .debug
    self.logger = logger
  }
}

extension ConnectionOptions {
  init(_ contender: Contender) {
    self.init(loopOptions: EventLoopOptions(spin: contender.spins))
    guard contender.isObserved else { return }
    let observers = Observers()
    logger = observers.logger
    metrics = observers.metrics
    interceptors = [ClientTracing(tracer: observers.tracer)]
  }
}

extension ServerOptions {
  init(_ contender: Contender) {
    self.init(loopOptions: EventLoopOptions(spin: contender.spins), largestMessage: 65 << 20)
    guard contender.isObserved else { return }
    let observers = Observers()
    logger = observers.logger
    metrics = observers.metrics
    interceptors = [ServerTracing(tracer: observers.tracer)]
  }
}
