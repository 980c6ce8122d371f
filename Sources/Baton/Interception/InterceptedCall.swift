public import BatonMessages
import SystemPackage

/// A call as interceptors see it, and what they change of it: each hands it on to the next.
public struct InterceptedCall: Sendable {
  public enum Kind: Sendable, Hashable, CaseIterable {
    case unary, serverStream, clientStream, bidirectionalStream
  }

  /// `files.v1.FileBroker/Open`.
  public let method: String
  public let kind: Kind
  /// Who is at the other end of the connection.
  public let peer: PeerCredentials
  /// When the caller stops waiting; nil: never.
  public let deadline: ContinuousClock.Instant?
  /// At a client what the server is told, at a server what the handler sees.
  public var metadata: Metadata
  private(set) var hooks = MessageHooks()
  /// What becomes of the call when a hook throws.
  private let failure: @Sendable (any Error) -> RPCError

  /// Sees a message, and may change it into another of its type. Throws what shall fail the call.
  ///
  /// The message's descriptors are in its fields; ``BatonMessages/Message/carriedDescriptors()``
  /// lists them all.
  public typealias MessageHook = @Sendable (_ message: inout any Message) throws -> Void

  init(
    method: String, kind: Kind, peer: PeerCredentials, deadline: ContinuousClock.Instant?,
    metadata: Metadata, failure: @escaping @Sendable (any Error) -> RPCError
  ) {
    self.failure = failure
    self.method = method
    self.kind = kind
    self.peer = peer
    self.deadline = deadline
    self.metadata = metadata
  }

  /// Has `hook` called with every request: behind the hooks of the interceptors before this one.
  public mutating func onRequest(_ hook: @escaping MessageHook) {
    hooks.requests.append(explained(hook))
  }

  /// Has `hook` called with every reply: before it gets to the interceptors before this one.
  public mutating func onReply(_ hook: @escaping MessageHook) {
    hooks.replies.insert(explained(hook), at: 0)
  }

  private func explained(_ hook: @escaping MessageHook) -> MessageHook {
    { [failure] message in
      do {
        try hook(&message)
      } catch let error as CodecError {
        // Of what the hook asked of the message, such as its descriptors.
        throw RPCError(writing: error, "the message")
      } catch {
        throw failure(error)
      }
    }
  }
}

/// What interceptors do with a call's messages, in the order in which they do.
struct MessageHooks: Sendable {
  var requests: [InterceptedCall.MessageHook] = []
  var replies: [InterceptedCall.MessageHook] = []

  func request<Request: Message>(_ message: Request) throws(RPCError) -> Request {
    try Self.pass(message, requests)
  }

  func reply<Reply: Message>(_ message: Reply) throws(RPCError) -> Reply {
    try Self.pass(message, replies)
  }

  static func pass<Element: Message>(
    _ message: Element, _ hooks: [InterceptedCall.MessageHook]
  ) throws(RPCError) -> Element {
    if hooks.isEmpty { return message }
    var passing: any Message = message
    do {
      for hook in hooks { try hook(&passing) }
    } catch {
      throw RPCError(intercepting: error)
    }
    if let passed = passing as? Element { return passed }
    throw RPCError(
      .internal,
      "an interceptor made a \(type(of: passing).layout.name) of a \(Element.layout.name)")
  }
}

extension RPCError {
  /// What becomes of a call when an interceptor of the client threw.
  init(intercepting error: any Error) {
    switch error {
    case let error as RPCError: self = error
    case is CancellationError: self.init(.cancelled, "the call's task was cancelled")
    case is Errno: self.init(thrown: error)
    default: self.init(.unknown, "an interceptor failed: \(error)")
    }
  }

  /// An interceptor returned without having gone on with the call, or after it failed.
  static let notGoneOn = RPCError(.internal, "an interceptor did not go on with the call")
  static let goneOnTwice = RPCError(.internal, "an interceptor went on with the call twice")
}
