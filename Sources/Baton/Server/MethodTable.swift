public import BatonMessages

/// The methods a server serves, by their identity on the wire.
public struct MethodTable: Sendable {
  private var handlers: [UInt64: any MethodHandler] = [:]
  /// Two methods with the same identity, which cannot be served together.
  private(set) var collision: (String, String)?

  init() {}

  /// Serves a method with a task on the connection's loop.
  public mutating func add<Request: Message, Response: Message>(
    _ method: Method<Request, Response>,
    _ handler: @escaping @Sendable (Request, CallContext) async throws -> Response
  ) {
    insert(TaskHandler(name: method.name, run: handler), method.identity)
  }

  /// Serves a method by calling `handler` on the loop itself, which it must not block.
  public mutating func addSynchronous<Request: Message, Response: Message>(
    _ method: Method<Request, Response>,
    _ handler: @escaping @Sendable (Request, CallContext) throws -> Response
  ) {
    insert(DirectHandler(name: method.name, run: handler), method.identity)
  }

  func find(_ identity: UInt64) -> (any MethodHandler)? { handlers[identity] }

  private mutating func insert(_ handler: any MethodHandler, _ identity: MethodIdentity) {
    if let other = handlers.updateValue(handler, forKey: identity.number) {
      collision = (other.name, handler.name)
    }
  }
}

/// Reads a request, has it handled and sends the reply.
protocol MethodHandler: Sendable {
  var name: String { get }
  /// On the loop's thread; `message` is valid only during this call.
  func handle(
    _ message: UnsafeRawBufferPointer, _ descriptors: inout ReceivedDescriptors, _ call: ServedCall)
}

/// Runs the handler as a task that prefers the connection's loop.
struct TaskHandler<Request: Message, Response: Message>: MethodHandler {
  let name: String
  let run: @Sendable (Request, CallContext) async throws -> Response

  func handle(
    _ message: UnsafeRawBufferPointer, _ descriptors: inout ReceivedDescriptors, _ call: ServedCall
  ) {
    let request: Request
    do throws(CodecError) {
      request = try Request(unpacking: message, descriptors: &descriptors)
    } catch {
      return call.refuse(error)
    }
    let run = run
    let context = call.context(name)
    call.begin(
      Task(executorPreference: call.connection.channel.loop) {
        do {
          let response = try await run(request, context)
          if call.isOwed() { call.reply(response) }
        } catch {
          if call.isOwed() { call.fail(error) }
        }
      })
  }
}

/// Calls the handler where the request was received.
struct DirectHandler<Request: Message, Response: Message>: MethodHandler {
  let name: String
  let run: @Sendable (Request, CallContext) throws -> Response

  func handle(
    _ message: UnsafeRawBufferPointer, _ descriptors: inout ReceivedDescriptors, _ call: ServedCall
  ) {
    do throws(CodecError) {
      let request = try Request(unpacking: message, descriptors: &descriptors)
      answer(request, call)
    } catch {
      call.refuse(error)
    }
  }

  private func answer(_ request: Request, _ call: ServedCall) {
    do {
      call.reply(try run(request, call.context(name)))
    } catch {
      call.fail(error)
    }
  }
}
