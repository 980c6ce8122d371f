public import BatonMessages
import Synchronization

/// What interceptors do with the messages of one direction of a stream.
@usableFromInline
final class MessageTap: Sendable {
  private let hooks: Mutex<[InterceptedCall.MessageHook]>
  private let failure = Mutex(RPCError?.none)

  /// nil where there is nothing to do.
  static func with(_ hooks: [InterceptedCall.MessageHook]) -> MessageTap? {
    hooks.isEmpty ? nil : MessageTap(hooks)
  }

  init(_ hooks: [InterceptedCall.MessageHook] = []) {
    self.hooks = Mutex(hooks)
  }

  /// For a stream that is there before its interceptors have run.
  func set(_ hooks: [InterceptedCall.MessageHook]) { self.hooks.withLock { $0 = hooks } }

  @usableFromInline
  func pass<Element: Message>(_ message: Element) throws(RPCError) -> Element {
    try MessageHooks.pass(message, hooks.withLock { $0 })
  }

  /// Passes messages that came. What follows one that fails is dropped, and ``check()`` tells.
  @usableFromInline
  func pass<Element: Message>(_ messages: inout [Element]) {
    for index in messages.indices {
      do throws(RPCError) {
        messages[index] = try pass(messages[index])
      } catch {
        failure.withLock { $0 = error }
        messages.removeSubrange(index...)
        return
      }
    }
  }

  /// Throws what failed a message that came.
  @usableFromInline
  func check() throws(RPCError) {
    if let error = failure.withLock({ $0 }) { throw error }
  }
}
