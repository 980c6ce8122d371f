/// The tasks that the handlers of one connection run in, each of them one handler after another:
/// making a task costs as much as everything else that a call does to it.
///
/// Sendable because its variables are touched on the loop's thread alone.
final class HandlerTasks: @unchecked Sendable {
  private let loop: EventLoop
  @exclusivity(unchecked) private var idle: [HandlerTask] = []
  @exclusivity(unchecked) private var isEnded = false

  /// More than that are not kept when they have nothing to do.
  private static let mostIdle = 16

  init(on loop: EventLoop) {
    self.loop = loop
  }

  /// Has `handler` run in the loop's next turn, in a task that is the handler's alone until then.
  func run(_ call: ServedCall, _ handler: @escaping ServedCall.Handler) -> HandlerTask {
    let task = idle.popLast() ?? HandlerTask()
    task.run(call, handler, for: self, on: loop)
    return task
  }

  /// Ends the tasks that have nothing to do. The others end with their handlers.
  func end() {
    isEnded = true
    for task in idle { task.end() }
    idle = []
  }

  /// Whether a task that has run its handler shall wait for another, which it then gets. One that
  /// outlives its loop ends elsewhere, and is not waited for.
  fileprivate func keep(_ task: HandlerTask) -> Bool {
    guard loop.isCurrent, !isEnded, idle.count < Self.mostIdle else { return false }
    idle.append(task)
    return true
  }
}

/// A task that runs one handler after another.
///
/// Sendable because its variables are touched on the loop's thread, and by the task.
final class HandlerTask: @unchecked Sendable {
  @exclusivity(unchecked) private var next: (call: ServedCall, handler: ServedCall.Handler)?
  @exclusivity(unchecked) private var waiter: UnsafeContinuation<Void, Never>?
  @exclusivity(unchecked) private var task: Task<Void, Never>?

  /// Cancels the handler that runs.
  func cancel() { task?.cancel() }

  fileprivate func run(
    _ call: ServedCall, _ handler: @escaping ServedCall.Handler, for tasks: HandlerTasks,
    on loop: EventLoop
  ) {
    next = (call, handler)
    if task == nil {
      task = Task(executorPreference: loop) { await self.runHandlers(for: tasks) }
    } else {
      resume()
    }
  }

  fileprivate func end() { resume() }

  private func resume() {
    waiter?.resume()
    waiter = nil
  }

  nonisolated(nonsending) private func runHandlers(for tasks: HandlerTasks) async {
    while next != nil {
      await runNext()
      // A task that was cancelled with its handler stays cancelled.
      if Task.isCancelled || !tasks.keep(self) { return }
      // The form that stays where it runs; the other goes there again, which costs as much as a jump
      // to another executor.
      await _unsafeInheritExecutor_withUnsafeContinuation { waiter = $0 }
    }
  }

  /// A function of its own, so that nothing of a call is kept while the task waits for another.
  nonisolated(nonsending) private func runNext() async {
    guard let (call, handler) = next else { return }
    next = nil
    await handler(call)
  }
}
