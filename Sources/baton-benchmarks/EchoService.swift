import Baton
import BatonMessages
import SystemPackage

/// Answers with what it got, and with descriptors for one open /dev/null.
struct EchoHandlers: Sendable {
  private let file: Descriptor

  init() throws {
    file = Descriptor(adopting: try .open("/dev/null", .readOnly, options: .closeOnExec))
  }

  func unary(_ request: EchoRequest) -> EchoReply {
    EchoReply(payload: request.payload, seq: request.seq)
  }

  /// The sequence number alone.
  func upload(_ request: EchoRequest) -> EchoReply { EchoReply(seq: request.seq) }

  func oneDescriptor(_ request: EchoRequest) -> EchoOneDescriptor {
    EchoOneDescriptor(payload: request.payload, seq: request.seq, file: file)
  }

  func sixteenDescriptors(_ request: EchoRequest) -> EchoSixteenDescriptors {
    EchoSixteenDescriptors(
      payload: request.payload, seq: request.seq, files: Array(repeating: file, count: 16))
  }
}

/// Each call is a task on the loop.
struct AsyncEcho: Echo.Service {
  let handlers: EchoHandlers

  func unary(_ request: EchoRequest, context: CallContext) async throws -> EchoReply {
    handlers.unary(request)
  }
  func upload(_ request: EchoRequest, context: CallContext) async throws -> EchoReply {
    handlers.upload(request)
  }
  func oneDescriptor(
    _ request: EchoRequest, context: CallContext
  ) async throws -> EchoOneDescriptor {
    handlers.oneDescriptor(request)
  }
  func sixteenDescriptors(
    _ request: EchoRequest, context: CallContext
  ) async throws -> EchoSixteenDescriptors {
    handlers.sixteenDescriptors(request)
  }
}

/// Each call is a call on the loop.
struct SynchronousEcho: Echo.SynchronousService {
  let handlers: EchoHandlers

  func unary(_ request: EchoRequest, context: CallContext) throws -> EchoReply {
    handlers.unary(request)
  }
  func upload(_ request: EchoRequest, context: CallContext) throws -> EchoReply {
    handlers.upload(request)
  }
  func oneDescriptor(_ request: EchoRequest, context: CallContext) throws -> EchoOneDescriptor {
    handlers.oneDescriptor(request)
  }
  func sixteenDescriptors(
    _ request: EchoRequest, context: CallContext
  ) throws -> EchoSixteenDescriptors {
    handlers.sixteenDescriptors(request)
  }
}

/// Replies without end, until the client has enough.
struct EchoStream: RPCService {
  static let method = Method<EchoRequest, EchoReply>("bench.v1.EchoStream", "Replies")
  static let schema = ServiceSchema(name: "bench.v1.EchoStream", file: Echo.schema.file)

  func register(in methods: inout MethodTable) {
    methods.addServerStream(Self.method) { request, replies, _ in
      var reply = EchoReply(payload: request.payload)
      while true {
        try await replies.write(reply)
        reply.seq += 1
      }
    }
  }
}
