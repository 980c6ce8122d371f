/// Types and defaults of fields as Swift writes them.
extension Scope {
  /// The type of one value, whatever the field's shape.
  func element(_ value: ValueType) -> String {
    switch value {
    case .scalar(let scalar): scalar.swiftType(self)
    case .enumeration(let type), .message(let type): name(type)
    case .descriptor: messages("Descriptor")
    }
  }

  func type(_ field: FieldModel) -> String {
    let element = element(field.value)
    return switch field.shape {
    case .singular, .required, .oneof: element
    case .optional: "\(element)?"
    case .repeated: "[\(element)]"
    case .map(let key, _): "[\(key.swiftType(self)): \(element)]"
    }
  }

  /// What the field holds that was not set; nil where it must be.
  func initial(_ field: FieldModel) -> String? {
    switch field.shape {
    case .required: nil
    case .optional, .oneof: "nil"
    case .repeated: "[]"
    case .map: "[:]"
    case .singular:
      switch field.value {
      case .scalar(let scalar): scalar.zero
      case .enumeration(let type):
        if case .enumeration(let enumeration) = type.form {
          EnumModel.zero(enumeration, name(type))
        } else {
          nil
        }
      case .message, .descriptor: "nil"
      }
    }
  }
}
