/// How a ``DynamicMessage`` becomes JSON.
public struct JSONEncodingOptions {
  /// A line for each value, indented by two spaces a level.
  public var pretty: Bool
  /// Prints fields without presence that hold zero, and empty repeated and map fields.
  public var includeDefaults: Bool
  /// Names fields as the schema does instead of in lowerCamelCase.
  public var originalNames: Bool
  /// What to print for a descriptor. The path is the field's (``FieldPath``). The descriptor stays
  /// the message's. Without it, a descriptor is an error.
  public var descriptor:
    (
      (_ descriptor: Descriptor, _ path: String, _ contract: DescriptorContract) throws -> JSONValue
    )?

  public init(
    pretty: Bool = false, includeDefaults: Bool = false, originalNames: Bool = false,
    descriptor: (
      (_ descriptor: Descriptor, _ path: String, _ contract: DescriptorContract) throws -> JSONValue
    )? = nil
  ) {
    self.pretty = pretty
    self.includeDefaults = includeDefaults
    self.originalNames = originalNames
    self.descriptor = descriptor
  }
}
