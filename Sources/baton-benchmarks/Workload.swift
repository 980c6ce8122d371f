import ArgumentParser

/// What is called, over and over.
enum Workload: String, CaseIterable, ExpressibleByArgument {
  /// A message of 64 bytes goes there and comes back; with descriptors in the reply.
  case unary64B = "unary-64B"
  case unaryOneDescriptor = "unary-1fd"
  case unarySixteenDescriptors = "unary-16fd"
  /// The same with 64 calls in flight on the connection.
  case pipelined64B = "pipelined-64B"
  /// Messages of 64 bytes in one server stream; each counts as a call.
  case stream64B = "stream-64B"
  /// A message of 1 MiB goes there and comes back.
  case unary1MiB = "unary-1MiB"
  /// 64 MiB go there in one message.
  case upload64MiB = "upload-64MiB"
  /// A message of 200 bytes goes there and comes back, while nothing else is on the connection; and
  /// while messages of 64 MiB are on their way there, one after the other.
  case unary200B = "unary-200B"
  case unary200BBesideUploads = "unary-200B-beside-64MiB"
  /// Connections over which nothing happens.
  case idleConnections = "idle-connections"

  /// `W1`, `W2` and so on are other names of these, which harnesses that compare programs use.
  init?(argument: String) {
    switch argument {
    case "W1": self = .unary64B
    case "W2": self = .unaryOneDescriptor
    case "W3": self = .pipelined64B
    case "W4": self = .unary1MiB
    case "W5": self = .upload64MiB
    case "W6": self = .unarySixteenDescriptors
    default: self.init(rawValue: argument)
    }
  }

  /// How many descriptors come with each reply.
  var descriptors: Int {
    switch self {
    case .unaryOneDescriptor: 1
    case .unarySixteenDescriptors: 16
    default: 0
    }
  }

  /// Bytes of a message.
  var size: Int {
    switch self {
    case .unary1MiB: 1 << 20
    case .upload64MiB: 64 << 20
    case .unary200B, .unary200BBesideUploads: 200
    default: 64
    }
  }

  /// Calls in flight at once.
  var window: Int { 64 }

  /// Whether a blocking client can do it.
  var isForBlockingClients: Bool {
    switch self {
    case .pipelined64B, .stream64B, .unary200BBesideUploads, .idleConnections: false
    default: true
    }
  }

  /// Whether raw C does the same, too.
  var isContest: Bool { !rawWays.isEmpty }

  /// The ways in which raw C does the same. The best of them counts.
  var rawWays: [Contender.Way] {
    switch self {
    case .unary64B, .unaryOneDescriptor, .unarySixteenDescriptors: [.packets]
    case .pipelined64B, .stream64B: [.pipeline]
    case .unary1MiB: [.fragments, .packet, .memory, .stream]
    case .upload64MiB: [.fragments, .memory, .stream]
    case .unary200B, .unary200BBesideUploads, .idleConnections: []
    }
  }
}
