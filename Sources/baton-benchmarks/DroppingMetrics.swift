import CoreMetrics
import Synchronization

/// Adds up what it is told, by one number for each handle.
struct DroppingMetrics: MetricsFactory {
  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { Sum() }
  func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler { Sum() }
  func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { Sum() }
  func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler { Sum() }
  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { Sum() }

  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  func destroyMeter(_ handler: any MeterHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}
}

private final class Sum: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler,
  TimerHandler
{
  private let sum = Atomic<Int64>(0)

  private func add(_ value: Int64) { sum.add(value, ordering: .relaxed) }

  func increment(by value: Int64) { add(value) }
  func increment(by value: Double) { add(Int64(value)) }
  func decrement(by value: Double) { add(-Int64(value)) }
  func set(_ value: Int64) { sum.store(value, ordering: .relaxed) }
  func set(_ value: Double) { set(Int64(value)) }
  func record(_ value: Int64) { add(value) }
  func record(_ value: Double) { add(Int64(value)) }
  func recordNanoseconds(_ duration: Int64) { add(duration) }
  func reset() { set(0 as Int64) }
}
