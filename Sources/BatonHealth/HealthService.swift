public import Baton
import BatonMessages
import Synchronization

/// gRPC's health checking protocol, `grpc.health.v1.Health`: tells whoever asks which of a server's
/// services can be used, and when that changes.
///
/// Given to a server among its services. The application says how each service is; the server as a
/// whole, whose name is empty, is serving from the beginning. When the server begins to end, all are
/// not serving, for good, and whoever watches is told that and sees the stream end.
public final class HealthService: Health.SynchronousService {
  public typealias Status = HealthCheckResponse.ServingStatus

  private let state: Mutex<State>

  private struct State {
    /// By the services' names, of which callers send any.
    var statuses: [ExactString: Status]
    var watchers: [Int: Watcher] = [:]
    var nextWatcher = 0
    var isLeaving = false
  }

  private struct Watcher {
    let service: ExactString
    let statuses: AsyncStream<Status>.Continuation
  }

  /// With `services`, by their full names, all of them serving.
  public init(serving services: [String] = []) {
    var statuses: [ExactString: Status] = [ExactString(""): .serving]
    for service in services { statuses[ExactString(service)] = .serving }
    state = Mutex(State(statuses: statuses))
  }

  /// Says how a service is: `files.v1.FileBroker`, or the server as a whole where the name is empty.
  /// One that is `serviceUnknown` is as if it had never been spoken of. Nothing changes any more once
  /// the server has begun to end.
  public func set(_ status: Status, for service: String) {
    let service = ExactString(service)
    state.withLock { state in
      if state.isLeaving { return }
      state.statuses[service] = status == .serviceUnknown ? nil : status
      for watcher in state.watchers.values where watcher.service == service {
        watcher.statuses.yield(status)
      }
    }
  }

  /// How a service is; nil where nothing was said of it.
  public func status(of service: String) -> Status? {
    state.withLock { $0.statuses[ExactString(service)] }
  }

  /// Calls that watch.
  package var watcherCount: Int { state.withLock { $0.watchers.count } }

  public func serverIsLeaving() {
    state.withLock { state in
      state.isLeaving = true
      for service in state.statuses.keys { state.statuses[service] = .notServing }
      for watcher in state.watchers.values {
        watcher.statuses.yield(.notServing)
        watcher.statuses.finish()
      }
      state.watchers = [:]
    }
  }

  // MARK: The protocol

  public func check(
    _ request: HealthCheckRequest, context: CallContext
  ) throws -> HealthCheckResponse {
    guard let status = status(of: request.service) else {
      throw RPCError(.notFound, "nothing is known of a service \(request.service.debugDescription)")
    }
    return HealthCheckResponse(status: status)
  }

  public func list(_ request: HealthListRequest, context: CallContext) -> HealthListResponse {
    let statuses = state.withLock { $0.statuses }
    return HealthListResponse(
      statuses: statuses.reduce(into: [:]) { list, service in
        list[service.key.text] = HealthCheckResponse(status: service.value)
      })
  }

  public func watch(
    _ request: HealthCheckRequest, replies: ReplyWriter<HealthCheckResponse>, context: CallContext
  ) async throws {
    let (number, statuses) = beginWatching(ExactString(request.service))
    defer { state.withLock { $0.watchers[number] = nil } }
    var last: Status?
    for await status in statuses where status != last {
      try await replies.write(HealthCheckResponse(status: status))
      last = status
    }
    try Task.checkCancellation()
  }

  /// Who is slow to read gets the latest status, not all of them.
  private func beginWatching(_ service: ExactString) -> (Int, AsyncStream<Status>) {
    let (statuses, continuation) = AsyncStream<Status>.makeStream(
      bufferingPolicy: .bufferingNewest(1))
    let number = state.withLock { state in
      defer { state.nextWatcher += 1 }
      if state.isLeaving {
        continuation.yield(.notServing)
        continuation.finish()
      } else {
        continuation.yield(state.statuses[service] ?? .serviceUnknown)
        state.watchers[state.nextWatcher] = Watcher(service: service, statuses: continuation)
      }
      return state.nextWatcher
    }
    return (number, statuses)
  }
}
