/// Why a message that came cannot be handed on, though the connection goes on.
package enum MessageFlaw {
  /// Some were lost on the way.
  case descriptorsLost(_ sent: Int, _ arrived: Int)
  case tooLarge(most: Int)
  /// Too many large messages at once.
  case tooMuch
  case tooManyDescriptors(most: Int)
}

extension RPCError {
  init(_ flaw: MessageFlaw) {
    let text =
      switch flaw {
      case .descriptorsLost(let sent, let arrived):
        "expected \(sent) descriptors, got \(arrived): this process may have too many open files (RLIMIT_NOFILE)"
      case .tooLarge(let most): "expected a message of at most \(most) bytes, got more"
      case .tooMuch: "too many large messages, or descriptors of such, are under way at once"
      case .tooManyDescriptors(let most): "expected at most \(most) descriptors, got more"
      }
    self.init(.resourceExhausted, text)
  }
}
