import BatonMessages

/// How messages contain each other.
struct MessageGraph {
  private let index: SchemaIndex

  init(_ index: SchemaIndex) {
    self.index = index
  }

  /// Whether a value of the message can hold a descriptor, itself or further in.
  func carriesDescriptors(_ message: String) -> Bool {
    reachable(from: message, over: { $0.type == .message }).contains { message in
      fields(of: message).contains { $0.options?.descriptor != nil }
    }
  }

  /// Whether `field` of `message` leads back to `message` without an array or dictionary between,
  /// so that the value would contain itself.
  func isRecursive(_ field: FieldDescriptorProto, in message: String) -> Bool {
    guard Self.isInline(field) else { return false }
    return reachable(from: Self.target(of: field), over: Self.isInline).contains(message)
  }

  private static func isInline(_ field: FieldDescriptorProto) -> Bool {
    field.type == .message && field.label != .repeated
  }

  private static func target(of field: FieldDescriptorProto) -> String {
    String((field.typeName ?? "").dropFirst())
  }

  private func fields(of message: String) -> [FieldDescriptorProto] {
    index.types[message]?.message?.field ?? []
  }

  /// The message and all that its fields lead to.
  private func reachable(
    from message: String, over isFollowed: (FieldDescriptorProto) -> Bool
  ) -> Set<String> {
    var found: Set<String> = [message]
    var waiting = [message]
    while let next = waiting.popLast() {
      for field in fields(of: next) where isFollowed(field) {
        let target = Self.target(of: field)
        if found.insert(target).inserted { waiting.append(target) }
      }
    }
    return found
  }
}
