/// How JSON becomes a ``DynamicMessage``.
public struct JSONDecodingOptions {
  /// Levels of objects and arrays that can be read at all.
  static let deepest = 1000

  /// Skips fields and names of enumeration values that the schema does not know, which are errors
  /// otherwise.
  public var ignoreUnknownFields: Bool
  /// Levels of objects and arrays; 100 by default, at most 1,000.
  public var nesting: Int
  /// Opens what the string in a descriptor field's place names. The path is the field's
  /// (``FieldPath``), the contract the schema's; it is checked when the message is encoded. Without
  /// it, a descriptor in JSON is an error.
  public var descriptor:
    ((_ text: String, _ path: String, _ contract: DescriptorContract) throws -> Descriptor)?

  public init(
    ignoreUnknownFields: Bool = false, nesting: Int = 100,
    descriptor: (
      (_ text: String, _ path: String, _ contract: DescriptorContract) throws -> Descriptor
    )? = nil
  ) {
    self.ignoreUnknownFields = ignoreUnknownFields
    self.nesting = nesting
    self.descriptor = descriptor
  }
}
