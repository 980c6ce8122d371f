import Baton
import Synchronization

/// Tells what a server says beside the replies of one call, for `--verbose`.
final class MetadataTrace: Sendable {
  let info = ReplyInfo()
  private let trace: Trace
  private let hasBegun = Atomic(false)

  init(_ trace: Trace) {
    self.trace = trace
  }

  /// There is a reply, and what comes ahead of it is known.
  func begun() {
    if hasBegun.exchange(true, ordering: .relaxed) { return }
    trace.metadata(info.metadata, kind: "metadata")
  }

  /// The call has ended, well or not.
  func ended() {
    begun()
    trace.metadata(info.trailers, kind: "trailer")
  }
}
