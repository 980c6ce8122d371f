import BatonMessages
import SystemPackage

/// One call that a server answers.
struct ServedCall: Sendable {
  let connection: ServerConnection
  let number: UInt32
  /// On the loop's clock; nil: none.
  let deadline: UInt64?

  func context(_ method: String) -> CallContext {
    let left = deadline.map { deadline in
      ContinuousClock.now + .nanoseconds(Int64(clamping: deadline) - Int64(clamping: LoopClock.now))
    }
    return CallContext(method: method, peer: connection.peer, deadline: left)
  }

  /// Keeps the handler's task, to be cancelled with the call.
  func begin(_ task: Task<Void, Never>) {
    connection.begin(self, task)
  }

  /// Whether the answer is still to be sent; the caller then sends it.
  func isOwed() -> Bool { connection.isOwed(number) }

  func reply(_ response: some Message) {
    do throws(CodecError) {
      try response.packed { message in
        connection.send(number, size: message.size, descriptors: message.descriptors) {
          message.write(to: $0)
        }
      }
    } catch {
      connection.send(number, RPCError(writing: error, "the reply"))
    }
  }

  /// The request could not be read.
  func refuse(_ error: CodecError) {
    let code: RPCError.Code = error.kind == .limit ? .resourceExhausted : .invalidArgument
    connection.send(number, RPCError(code, "\(error)"))
  }

  /// The handler threw.
  func fail(_ error: any Error) {
    connection.send(number, RPCError(thrown: error))
  }
}

extension RPCError {
  /// What a caller is told of an error that a handler threw: an ``RPCError`` as it is, an `Errno`
  /// as the code that fits, anything else as UNKNOWN without its details.
  public init(thrown error: any Error) {
    switch error {
    case let error as RPCError: self = error
    case let error as Errno: self.init(Self.code(for: error), error.description)
    case is CancellationError: self.init(.cancelled, "the handler was cancelled")
    default: self.init(.unknown, "the handler failed")
    }
  }

  private static func code(for errno: Errno) -> Code {
    switch errno {
    case .noSuchFileOrDirectory, .noSuchProcess, .noSuchAddressOrDevice: .notFound
    case .permissionDenied, .notPermitted, .readOnlyFileSystem, .improperLink: .permissionDenied
    case .fileExists: .alreadyExists
    case .invalidArgument, .fileNameTooLong, .badFileDescriptor: .invalidArgument
    case .notDirectory, .isDirectory, .directoryNotEmpty, .tooManySymbolicLinkLevels:
      .failedPrecondition
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noSpace, .noMemory, .diskQuotaExceeded:
      .resourceExhausted
    case .timedOut: .deadlineExceeded
    case .notSupported, .noFunction: .unimplemented
    case .canceled: .cancelled
    default: .unknown
    }
  }
}
