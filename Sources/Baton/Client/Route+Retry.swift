import Logging

extension Route {
  /// Makes a call again that has failed, as often as the policy has it. `make` makes it. Throws why it
  /// failed last.
  @usableFromInline
  nonisolated(nonsending) func retry(
    _ call: FailedCall, _ options: CallOptions,
    _ make: (ClientCore) async throws(RPCError) -> Void
  ) async throws(RPCError) {
    var call = call
    var tries = Tries(retry)
    while state != .shutdown, let delay = tries.delay(after: call) {
      logger.debug(
        "call is made again",
        metadata: ["method": "\(call.method.name)", "reason": "\(call.error)"])
      if delay > 0 { try await pause(for: delay, call.error, options) }
      var wasRouted = false
      do throws(RPCError) {
        let core = try await core(for: call.method, options)
        wasRouted = true
        return try await make(core)
      } catch {
        call.failed(error, wasRouted: wasRouted)
      }
    }
    throw call.error
  }

  /// Throws `error` when the deadline would pass meanwhile.
  nonisolated(nonsending) private func pause(
    for delay: UInt64, _ error: RPCError, _ options: CallOptions
  ) async throws(RPCError) {
    let end = LoopClock.now &+ delay
    if let deadline = options.deadline, deadline <= end { throw error }
    let over = OneShot()
    let timer = loop.schedule(at: end, { over.fire() }, dropped: { over.fire() })
    await withTaskCancellationHandler {
      await over.wait()
    } onCancel: {
      over.fire()
    }
    timer.cancel()
    if Task.isCancelled { throw ClientCore.callerCancelled }
  }
}
