import Synchronization
import Tracing

/// Makes spans whose context goes with calls as W3C's `traceparent`, and drops them when they end.
struct DroppingTracer: Tracer {
  func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
    at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
  ) -> DroppingSpan {
    var context = context()
    let parent = context[SpanKey.self]
    context[SpanKey.self] = SpanID(
      trace: parent?.trace ?? .random(in: 1 ... .max), span: .random(in: 1 ... .max))
    return DroppingSpan(operationName, context)
  }

  func forceFlush() {}

  func inject<Carrier, Inject: Injector>(
    _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    guard let id = context[SpanKey.self] else { return }
    injector.inject(id.text, forKey: "traceparent", into: &carrier)
  }

  func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {
    let text = extractor.extract(key: "traceparent", from: carrier)
    context[SpanKey.self] = text.flatMap { SpanID($0) }
  }
}

private enum SpanKey: ServiceContextKey {
  typealias Value = SpanID
}

private struct SpanID {
  var trace: UInt64
  var span: UInt64

  init(trace: UInt64, span: UInt64) {
    self.trace = trace
    self.span = span
  }

  init?(_ text: String) {
    let parts = text.split(separator: "-")
    guard parts.count == 4, let trace = UInt64(parts[1].suffix(16), radix: 16),
      let span = UInt64(parts[2], radix: 16)
    else { return nil }
    self.init(trace: trace, span: span)
  }

  var text: String {
    func hex(_ number: UInt64) -> String {
      let digits = String(number, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
    return "00-\(hex(0))\(hex(trace))-\(hex(span))-01"
  }
}

/// Keeps its attributes until it has ended.
final class DroppingSpan: Span {
  let context: ServiceContext
  private let state: Mutex<(name: String, attributes: SpanAttributes)>

  init(_ name: String, _ context: ServiceContext) {
    self.context = context
    state = Mutex((name, [:]))
  }

  var operationName: String {
    get { state.withLock { $0.name } }
    set { state.withLock { $0.name = newValue } }
  }

  var attributes: SpanAttributes {
    get { state.withLock { $0.attributes } }
    set { state.withLock { $0.attributes = newValue } }
  }

  var isRecording: Bool { true }
  func setStatus(_ status: SpanStatus) {}
  func addEvent(_ event: SpanEvent) {}
  func recordError<Instant: TracerInstant>(
    _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
  ) {}
  func addLink(_ link: SpanLink) {}
  func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) { _ = instant() }
}
