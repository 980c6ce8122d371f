/// How much of a request has left this end.
enum Departure {
  /// The peer may have begun the call.
  case whole
  /// The peer has not begun the call, and has maybe received descriptors of it.
  case partly
  /// The peer knows nothing of the call.
  case notAtAll
}
