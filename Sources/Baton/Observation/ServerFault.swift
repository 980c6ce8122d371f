extension RPCError.Code {
  /// Whether it tells of a fault of the server that answers with it, as OpenTelemetry's conventions
  /// for gRPC have it. The others tell of what the caller did, or of its having left.
  package var isServerFault: Bool {
    switch self {
    case .unknown, .deadlineExceeded, .unimplemented, .internal, .unavailable, .dataLoss: true
    default: false
    }
  }
}
