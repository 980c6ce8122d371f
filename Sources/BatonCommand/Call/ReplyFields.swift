import BatonMessages

/// The descriptors of a reply as options name them: by the path of their field.
enum ReplyFields {
  /// Throws unless the path, which came with `option`, leads to a descriptor field in messages of this
  /// type. Asked before the call is made.
  static func check(
    _ text: String, _ option: String, of type: MessageType
  ) throws(Failure) {
    do throws(CodecError) {
      let path = try FieldPath(text)
      if case .descriptor = try type.field(at: path).type { return }
    } catch {
      throw .usage("\(option)\(text.isEmpty ? "" : " \(text.shortened)"): \(error.message)")
    }
    throw .usage(
      "\(option) \(text.shortened): expected a descriptor; "
        + "\(type.name) has \(list(paths(in: type)))")
  }

  /// The descriptors at the path, which came with `option`; of a repeated or map field all of them, in
  /// their order.
  static func descriptors(
    at text: String, _ option: String, in reply: DynamicMessage
  ) throws(Failure) -> [Descriptor] {
    let descriptors = find(text, in: reply)
    if descriptors.isEmpty {
      throw Failure(
        .output,
        "\(option) \(text.shortened): the reply has none; "
          + "it has \(list(reply.descriptors.map(\.path)))")
    }
    return descriptors
  }

  /// Whether the reply has descriptors at the path.
  static func exist(at text: String, in reply: DynamicMessage) -> Bool {
    !find(text, in: reply).isEmpty
  }

  private static func find(_ text: String, in reply: DynamicMessage) -> [Descriptor] {
    switch try? reply.value(at: FieldPath(text)) {
    case .descriptor(let descriptor)?: [descriptor]
    case .list(let values)?: values.compactMap(\.descriptor)
    case .map(let values)?: values.sorted { $0.key < $1.key }.compactMap { $0.value.descriptor }
    default: []
    }
  }

  /// `file`, `files[]`, `files[].content`: every descriptor field that messages of the type can hold,
  /// each message type followed once.
  static func paths(in type: MessageType) -> [String] {
    var seen: Set<MessageType> = []
    return paths(in: type, &seen)
  }

  private static func paths(in type: MessageType, _ seen: inout Set<MessageType>) -> [String] {
    if !seen.insert(type).inserted { return [] }
    var found: [String] = []
    for field in type.fields {
      let name = field.name + (field.isMany ? "[]" : "")
      switch field.type {
      case .descriptor: found.append(name)
      case .message(let inner): found += paths(in: inner, &seen).map { "\(name).\($0)" }
      default: continue
      }
    }
    return found
  }

  private static func list(_ names: [String]) -> String {
    names.isEmpty ? "no descriptors" : names.joined(separator: ", ")
  }
}

extension MessageType.Field {
  fileprivate var isMany: Bool {
    switch cardinality {
    case .repeated, .map: true
    default: false
    }
  }
}

extension DynamicValue {
  fileprivate var descriptor: Descriptor? {
    if case .descriptor(let descriptor) = self { descriptor } else { nil }
  }
}
