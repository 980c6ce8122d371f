import Baton
import BatonMessages
import Glibc
import SystemPackage

/// A call of a method whose requests or replies are a stream.
struct StreamCall: Sendable {
  enum Requests {
    case one(EncodedMessage)
    case stream(RequestLines)
  }

  let method: MethodType
  let session: Session
  let output: StreamOutput
  private let beside: MetadataTrace

  init(method: MethodType, session: Session, output: StreamOutput) {
    self.method = method
    self.session = session
    self.output = output
    beside = MetadataTrace(session.trace)
  }

  /// Returns the reply of a method that has just one.
  func run(_ requests: Requests) async throws(Failure) -> DynamicMessage? {
    session.watch.runs(output.command)
    // What a request still opens counts no more.
    defer { session.watch.isDone() }
    defer { beside.ended() }
    do {
      return try await call(requests)
    } catch let error as RPCError {
      // What kept the request says more than that none came. The server may be the first to say so.
      let isLate =
        error.code == .deadlineExceeded && (error.origin == .local || session.watch.hasPassed)
      if isLate, let lateness = session.watch.lateness { throw lateness }
      throw Failure(error, method.service.pool)
    } catch let error as Failure {
      throw error
    } catch {
      throw Failure(.output, "\(error)")
    }
  }

  private func call(_ requests: Requests) async throws -> DynamicMessage? {
    switch requests {
    case .one(let request):
      return try await take(try session.replies(of: method.fullName, to: request, beside))
    case .stream(let lines):
      var reply: DynamicMessage?
      try await session.call(method.fullName, beside) { requests, replies in
        reply = try await exchange(lines, requests, replies)
      }
      return reply
    }
  }

  // MARK: Replies

  private func take(_ replies: ReplyStream) async throws -> DynamicMessage? {
    session.watch.isAnswered(when: { replies.isAnswered })
    var replies = replies.makeIterator()
    if !method.isServerStreaming { return try await takeOne(&replies) }
    var output = output
    while let reply = try await replies.next() {
      try output.write(try message(reply))
      if output.isFull { break }
    }
    try output.end()
    return nil
  }

  /// The call's end comes behind its reply, and may be an error.
  private func takeOne(_ replies: inout ReplyStream.Iterator) async throws -> DynamicMessage {
    guard let reply = try await replies.next() else {
      throw RPCError(.internal, "expected a reply or an error, got a status of OK")
    }
    let answer = try message(reply)
    if try await replies.next() != nil {
      throw RPCError(.internal, "expected one reply, got the second message of a stream")
    }
    return answer
  }

  private func message(_ reply: consuming Reply) throws(RPCError) -> DynamicMessage {
    let message = try reply.decode(as: method.output)
    beside.begun()
    session.trace.descriptors(message, arrow: "<")
    return message
  }

  // MARK: Requests

  private enum Half: Sendable {
    case requests
    case replies(DynamicMessage?)
  }

  /// Sends and receives at the same time, until the last reply.
  private func exchange(
    _ lines: RequestLines, _ requests: EncodedRequestWriter, _ replies: ReplyStream
  ) async throws -> DynamicMessage? {
    // What a request names may block when it is opened, and so may what becomes of a reply.
    let sender = try EventLoop(options: EventLoopOptions(polling: .zero))
    defer { sender.shutdown() }
    let (sent, end) = AsyncThrowingStream<Never, any Error>.makeStream()
    // Not of the group, which would wait for what a request opens when the call has ended.
    let sending = Task(executorPreference: sender) {
      do {
        try await send(lines, to: requests)
        end.finish()
      } catch {
        end.finish(throwing: error)
      }
    }
    defer { sending.cancel() }
    return try await withThrowingTaskGroup(of: Half.self) { group in
      group.addTask { .replies(try await take(replies)) }
      group.addTask {
        for try await _ in sent {}
        return .requests
      }
      defer { group.cancelAll() }
      for try await half in group {
        if case .replies(let reply) = half { return reply }
      }
      return nil
    }
  }

  private func send(_ lines: RequestLines, to requests: EncodedRequestWriter) async throws {
    var lines = lines
    while let text = try await lines.next() {
      let request = try text.encoded(as: method.input, session)
      do throws(RPCError) {
        try await requests.write(request)
      } catch {
        // The replies tell why.
        if requests.hasEnded { return }
        throw error
      }
    }
    requests.finish()
  }
}

extension ReplyStream {
  /// Whether the server ended the call, and not its time.
  fileprivate var isAnswered: Bool {
    switch ending {
    case .success: true
    case .failure(let error): error.code != .deadlineExceeded
    case nil: false
    }
  }
}
