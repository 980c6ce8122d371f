/// What a frame is. The numbers are the specification's.
package enum FrameKind: UInt8 {
  case hello = 1
  case request = 2
  case message = 3
  case status = 4
  case cancel = 5
  case goodbye = 6
  case credit = 7
  case fragment = 8
  case metadata = 9
  case finish = 10
  case ping = 11

  /// Whether the frame is about the connection and not about a call.
  var isAboutConnection: Bool { self == .hello || self == .goodbye || self == .ping }
  func allows(isLast: Bool) -> Bool {
    switch self {
    case .request, .message, .ping: true
    case .status, .finish: isLast
    case .hello, .cancel, .goodbye, .credit, .fragment, .metadata: !isLast
    }
  }
  /// What a request and a message are made of.
  var mayHaveDescriptors: Bool { hasMessage }
  var hasMessage: Bool { self == .request || self == .message || self == .fragment }
  /// Whether the header's `method` means something.
  var hasMethod: Bool { self == .request || self == .fragment || self == .ping }
  var hasHead: Bool {
    switch self {
    case .hello, .request, .status, .goodbye, .credit, .metadata: true
    case .message, .cancel, .fragment, .finish, .ping: false
    }
  }
}

/// The peer did not keep to the specification: the connection ends.
package struct ProtocolError: Error, Equatable {
  package let fault: String

  package init(_ fault: String) {
    self.fault = fault
  }
}
