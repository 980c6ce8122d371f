import Baton
import BatonMessages

/// What `--verbose` tells on standard error.
struct Trace {
  private let isVerbose: Bool

  init(isVerbose: Bool) {
    self.isVerbose = isVerbose
  }

  /// Runs `work` and hands how long it took to `describe`, which makes the line.
  nonisolated(nonsending) func timed<Result: ~Copyable, Failure: Error>(
    _ work: () async throws(Failure) -> Result, _ describe: (borrowing Result) -> String
  ) async throws(Failure) -> Result {
    let start = ContinuousClock.now
    let result = try await work()
    let time = start.duration(to: .now)
    if isVerbose { say("\(describe(result)) in \(Self.text(time))") }
    return result
  }

  /// One line for each descriptor of a message.
  func descriptors(_ message: DynamicMessage, arrow: String) {
    if !isVerbose { return }
    for (path, descriptor) in message.descriptors {
      let what = (try? descriptor.describe()).map(Self.text) ?? "unknown"
      say("\(arrow) \(path): \(what)")
    }
  }

  /// One line for each entry of what the server says beside its replies; `kind` is what it is.
  func metadata(_ metadata: Metadata?, kind: String) {
    guard isVerbose, let metadata else { return }
    for entry in metadata.entries {
      let value =
        switch entry.value {
        case .text(let text): text
        case .bytes(let bytes): Base64.encode(bytes)
        }
      say("< \(kind) \(entry.key): \(value)")
    }
  }

  private func say(_ line: String) {
    Diagnostics.trace(line)
  }

  private static func text(_ description: DescriptorDescription) -> String {
    let parts = [
      description.description, description.size.map { "\($0) bytes" }, description.path,
    ]
    return parts.compactMap(\.self).joined(separator: ", ")
  }

  /// `0.137 ms`, `2.041 s`.
  static func text(_ time: Duration) -> String {
    let microseconds = Int(time / .microseconds(1))
    let (whole, unit) = microseconds < 1_000_000 ? (microseconds, "ms") : (microseconds / 1000, "s")
    let thousandths = String(whole % 1000)
    let padding = String(repeating: "0", count: 3 - thousandths.count)
    return "\(whole / 1000).\(padding)\(thousandths) \(unit)"
  }
}
