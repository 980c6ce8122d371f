import Baton
import Tracing

/// Puts what a tracer tells the other end into a call's metadata, and finds it there.
struct MetadataCarrier: Injector, Extractor {
  /// What metadata cannot hold is left out: no call shall fail for its trace.
  func inject(_ value: String, forKey key: String, into metadata: inout Metadata) {
    // Tracers name HTTP's headers, some with capitals, which mean nothing there.
    let key = key.lowercased()
    if Metadata.Entry(key, .text(value)).isAllowed { metadata[key] = value }
  }

  func extract(key: String, from metadata: Metadata) -> String? { metadata[key.lowercased()] }
}
