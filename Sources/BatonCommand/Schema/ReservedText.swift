import BatonMessages

/// The `reserved` statements of a message or an enum: numbers and names that stay unused.
struct ReservedText {
  let statements: [String]

  init(of message: DescriptorProto) {
    // The end of a message's range is not part of it, the end of an enum's range is.
    let ranges = message.reservedRange.map { ($0.start, $0.end &- 1) }
    self.init(ranges, greatest: 536_870_911, names: message.reservedName)
  }

  init(of enumeration: EnumDescriptorProto) {
    let ranges = enumeration.reservedRange.map { ($0.start, $0.end) }
    self.init(ranges, greatest: .max, names: enumeration.reservedName)
  }

  private init(_ ranges: [(first: Int32, last: Int32)], greatest: Int32, names: [String]) {
    let numbers = ranges.map { range in
      let last = range.last == greatest ? "max" : "\(range.last)"
      return range.first == range.last ? "\(range.first)" : "\(range.first) to \(last)"
    }
    let lists = [numbers, names.map(SchemaWriter.quote)].filter { !$0.isEmpty }
    statements = lists.map { "reserved \($0.joined(separator: ", "));" }
  }
}
