import BatonMessages

/// What an error says beside its message, for people and scripts.
struct DetailTexts {
  /// Scalars of one text: more than fits into an error. A peer's schema may have names of any length.
  static let mostShown = 1 << 16

  /// `google.protobuf.Any`, in a schema that knows what may be in it.
  private let any: MessageType?

  /// `pool` is the schema; protobuf's own types are known without it.
  init(_ pool: SchemaPool?) {
    let wellKnown = ["any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers"]
    let imports = FileDescriptorProto(
      name: "baton/command/details.proto",
      dependency: wellKnown.map { "google/protobuf/\($0).proto" }, syntax: "proto3")
    any = try? SchemaPool(files: (pool?.files ?? []) + [imports]).message("google.protobuf.Any")
  }

  /// Each as JSON with the type in `@type`, or as the type's URL and the size.
  func texts(of details: [ProtoAny]) -> [String] {
    details.map { detail in
      json(of: detail) ?? "\(detail.typeUrl.shortened), \(detail.value.count) bytes"
    }
  }

  /// nil where the type is not known, or its message cannot be read.
  private func json(of detail: ProtoAny) -> String? {
    guard let any, let text = try? DynamicMessage(detail, type: any).json(),
      text.unicodeScalars.count <= Self.mostShown
    else { return nil }
    return text
  }
}
