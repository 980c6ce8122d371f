public import BatonMessages

/// Why a call ended without a reply. The connection goes on.
public struct RPCError: Error, Sendable, Hashable {
  /// gRPC's status codes and their meanings. Numbers that are not among them survive.
  public struct Code: RawRepresentable, Sendable, Hashable {
    public var rawValue: Int32

    public init(rawValue: Int32) {
      self.rawValue = rawValue
    }

    public static let ok = Code(rawValue: 0)
    public static let cancelled = Code(rawValue: 1)
    public static let unknown = Code(rawValue: 2)
    public static let invalidArgument = Code(rawValue: 3)
    public static let deadlineExceeded = Code(rawValue: 4)
    public static let notFound = Code(rawValue: 5)
    public static let alreadyExists = Code(rawValue: 6)
    public static let permissionDenied = Code(rawValue: 7)
    public static let resourceExhausted = Code(rawValue: 8)
    public static let failedPrecondition = Code(rawValue: 9)
    public static let aborted = Code(rawValue: 10)
    public static let outOfRange = Code(rawValue: 11)
    public static let unimplemented = Code(rawValue: 12)
    public static let `internal` = Code(rawValue: 13)
    public static let unavailable = Code(rawValue: 14)
    public static let dataLoss = Code(rawValue: 15)
    public static let unauthenticated = Code(rawValue: 16)
  }

  /// Who found that the call failed.
  public enum Origin: Sendable, Hashable {
    /// The peer said so, in a status.
    case peer
    /// This end inferred it: the deadline passed, the connection was lost, the reply is invalid.
    case local
  }

  public var code: Code
  /// For people. Says what was expected and what came.
  public var message: String
  public var origin: Origin
  /// Messages of any type that say more, as in `google.rpc.Status`. A server sends those that fit
  /// into 40,000 bytes with the trailers: the first that does not, and all behind it, are dropped, and
  /// nothing says so.
  public var details: [ProtoAny]
  /// What the server said behind its last message.
  public var trailers: Metadata

  /// Whether it is certain that no handler was called: the request has not left, or not in whole, or
  /// the server said goodbye and that it had not begun the call. Such a call can be made again without
  /// harm, except that descriptors may have left with it.
  public var wasNotBegun: Bool
  /// Whether a part of a request that was not begun may have left, and descriptors with it.
  var mayHaveLeft = false

  public init(
    _ code: Code, _ message: String, origin: Origin = .local, details: [ProtoAny] = [],
    trailers: Metadata = Metadata(), wasNotBegun: Bool = false
  ) {
    self.code = code
    self.message = message
    self.origin = origin
    self.details = details
    self.trailers = trailers
    self.wasNotBegun = wasNotBegun
  }
}

extension RPCError.Code: CustomStringConvertible {
  /// The names of the codes that gRPC has, by their numbers.
  static let names = [
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
    "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
  ]

  /// `NOT_FOUND`; of a number that gRPC does not name, `CODE_77`.
  public var description: String {
    let index = Int(rawValue)
    return Self.names.indices.contains(index) ? Self.names[index] : "CODE_\(rawValue)"
  }
}

extension RPCError: CustomStringConvertible {
  public var description: String { "\(code): \(message)" }
}
