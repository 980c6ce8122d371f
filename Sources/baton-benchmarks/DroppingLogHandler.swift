import Logging
import Synchronization

/// Writes each line as text, and drops it.
struct DroppingLogHandler: LogHandler {
  /// So that the text is written.
  private static let bytes = Atomic(0)

  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  var logLevel = Logger.Level.debug

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var line = "\(event.level) \(event.message)"
    for (key, value) in metadata { line += " \(key)=\(value)" }
    for (key, value) in event.metadata ?? [:] { line += " \(key)=\(value)" }
    Self.bytes.add(line.utf8.count, ordering: .relaxed)
  }
}
