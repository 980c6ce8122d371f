import ArgumentParser

/// What is called, over and over: a message of 64 bytes goes there and comes back.
enum Workload: String, CaseIterable, ExpressibleByArgument {
  case unary64B = "unary-64B"
  case unaryOneDescriptor = "unary-1fd"
  case unarySixteenDescriptors = "unary-16fd"

  /// `W1`, `W2` and `W6` are other names of these, which harnesses that compare programs use.
  init?(argument: String) {
    switch argument {
    case "W1": self = .unary64B
    case "W2": self = .unaryOneDescriptor
    case "W6": self = .unarySixteenDescriptors
    default: self.init(rawValue: argument)
    }
  }

  /// How many descriptors come with each reply.
  var descriptors: Int {
    switch self {
    case .unary64B: 0
    case .unaryOneDescriptor: 1
    case .unarySixteenDescriptors: 16
    }
  }
}
