import BatonMessages

/// A field of a message as it will be written in Swift.
struct FieldModel {
  enum Shape {
    /// Always has a value: a scalar or an enumeration.
    case singular
    /// May be nil: `optional`, a message, a descriptor.
    case optional
    /// A descriptor that must be there.
    case required
    case repeated(packed: Bool)
    case map(key: Scalar, entry: String)
    /// A member of the oneof with this index.
    case oneof(Int)
  }

  let number: Int32
  let schemaName: String
  /// The property's or the case's name, without backticks.
  let name: String
  let comment: [String]
  let isDeprecated: Bool
  let value: ValueType
  let shape: Shape
  /// Where FieldReader and FieldWriter find it.
  let slot: Int
  /// Whether the value contains its own message and so is kept apart from it.
  let isRecursive: Bool
}

/// A oneof as it will be written in Swift: an enumeration and a property that may be nil.
struct OneofModel {
  let index: Int
  let schemaName: String
  let typeName: String
  let name: String
  let comment: [String]
  let members: [FieldModel]
  let isHashable: Bool
}

/// A message as it will be written in Swift.
struct MessageModel {
  enum Member {
    case field(FieldModel)
    case oneof(OneofModel)
  }

  let fullName: String
  let path: [String]
  let comment: [String]
  let isDeprecated: Bool
  let isHashable: Bool
  let members: [Member]
  let messages: [MessageModel]
  let enumerations: [EnumModel]

  /// Ascending by number, members of oneofs included.
  var fields: [FieldModel] {
    let all = members.flatMap { member in
      switch member {
      case .field(let field): [field]
      case .oneof(let oneof): oneof.members
      }
    }
    return all.sorted { $0.number < $1.number }
  }
}
