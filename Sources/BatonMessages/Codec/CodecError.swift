/// Why a message could not be read or written, and where.
public struct CodecError: Error, Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// The bytes are not a protobuf message.
    case malformed
    /// A limit of ``CodecLimits`` was passed.
    case limit
    /// A string is not UTF-8.
    case invalidUTF8
    /// A dictionary of Swift does not hold a map's key as protobuf means it: the key has more than 30
    /// combining marks in a row, or only Unicode's normalisation tells it from another. Dynamic
    /// messages hold every key (``DynamicMapKey``).
    case mapKey
    /// A descriptor is missing, is used twice, is not claimed, or is not what the schema asks for.
    case descriptor
    /// JSON is malformed or does not fit the schema.
    case json
    /// A schema is refused or incomplete.
    case schema
  }

  public var kind: Kind
  /// What was expected and what came.
  public var message: String
  /// The field, from the outermost message in: `files[1].content`. Empty for the message itself.
  public var path: String
  /// The byte of the encoded message, or of the JSON text, at which reading stopped.
  public var offset: Int?

  public init(_ kind: Kind, _ message: String, path: String = "", offset: Int? = nil) {
    self.kind = kind
    self.message = message
    self.path = path
    self.offset = offset
  }

  /// The same error seen from one message further out.
  public func inside(_ field: String, at index: Int? = nil) -> CodecError {
    var outer = self
    let element = index.map { "\(field)[\($0)]" } ?? field
    outer.path = path.isEmpty ? element : "\(element).\(path)"
    return outer
  }
}

extension CodecError: CustomStringConvertible {
  public var description: String {
    var text = path.isEmpty ? message : "\(path.shortened): \(message)"
    if let offset { text += " (at byte \(offset))" }
    return text
  }
}
