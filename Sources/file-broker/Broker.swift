import Baton
import BatonMessages
import SystemPackage

/// The service: opens what lies below its root, and reads what callers opened.
struct Broker: FileBroker.Service {
  let root: Root

  func open(_ request: OpenRequest, context: CallContext) async throws -> OpenReply {
    let (file, size) = try root.open(request.path)
    return OpenReply(file: file, size: size)
  }

  func count(_ request: CountRequest, context: CallContext) async throws -> CountReply {
    // Reading may wait, for a pipe's writer as an example: not on the connection's loop.
    try await context.offLoop {
      var reply = CountReply()
      for (index, file) in request.files.enumerated() {
        do throws(Errno) {
          reply.counts.append(try Counts(reading: file))
        } catch {
          throw Self.refusal(ofFileAt: index, error)
        }
      }
      return reply
    }
  }

  func watch(
    _ request: WatchRequest, replies: ReplyWriter<WatchEvent>, context: CallContext
  ) async throws {
    let watch = try DirectoryWatch(try root.directory(request.path))
    try context.sendMetadata(["watching": "yes"])
    let folder = FilePath(request.path)
    while true {
      try await context.untilReadable(watch.queue)
      for change in try watch.read() {
        switch change {
        case .entry(let kind, let name):
          try await replies.write(try event(kind, folder.appending(name).string))
        case .lost:
          throw RPCError(.dataLoss, "more changes than the kernel keeps: some were lost")
        case .over: return
        }
      }
    }
  }

  private func event(_ kind: WatchEvent.Kind, _ path: String) throws(RPCError) -> WatchEvent {
    let isThere = kind != .removed && kind != .movedOut
    return WatchEvent(kind: kind, path: path, file: isThere ? try root.openIfFile(path) : nil)
  }

  private static func refusal(ofFileAt index: Int, _ error: Errno) -> RPCError {
    var refusal = RPCError(thrown: error)
    refusal.message = "files[\(index)]: \(error)"
    return refusal
  }
}
