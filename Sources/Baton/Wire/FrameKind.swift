/// What a frame is. The numbers are the specification's.
enum FrameKind: UInt8 {
  case hello = 1
  case request = 2
  case message = 3
  case status = 4
  case cancel = 5
  case goodbye = 6

  /// Whether the frame is about the connection and not about a call.
  var isAboutConnection: Bool { self == .hello || self == .goodbye }
  func allows(isLast: Bool) -> Bool {
    switch self {
    case .request, .message: true
    case .status: isLast
    case .hello, .cancel, .goodbye: !isLast
    }
  }
  var mayHaveDescriptors: Bool { self == .request || self == .message }
}

/// The peer did not keep to the specification: the connection ends.
struct ProtocolError: Error, Equatable {
  let fault: String

  init(_ fault: String) {
    self.fault = fault
  }
}
