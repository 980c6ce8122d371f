/// How JSON becomes a ``DynamicMessage``.
public struct JSONDecodingOptions {
  /// Levels of objects and arrays that can be read at all. Each takes up to 12 KiB of stack in a
  /// debug build (measured), where threads have 8 MiB.
  static let deepest = 256

  /// Skips fields and names of enumeration values that the schema does not know, which are errors
  /// otherwise.
  public var ignoreUnknownFields: Bool
  /// Levels of objects and arrays; 100 by default, at most 256.
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
