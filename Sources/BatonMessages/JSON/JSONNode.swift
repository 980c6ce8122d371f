/// A JSON value as it was read, with its place in the text.
struct JSONNode {
  enum Value {
    case null
    case bool(Bool)
    /// The digits as they came.
    case number(String)
    case string(String)
    case array([JSONNode])
    case object([JSONMember])
  }

  let value: Value
  /// The first byte.
  let offset: Int

  /// What the value is, for errors.
  var kind: String {
    switch value {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let digits): digits.utf8.count > 40 ? "a number" : digits
    case .string(let text): text.utf8.count > 40 ? "a string" : text.quoted
    case .array: "an array"
    case .object: "an object"
    }
  }
}

struct JSONMember {
  let name: String
  /// The first byte of the name.
  let offset: Int
  let node: JSONNode
}
