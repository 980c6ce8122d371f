/// How a ``DynamicMessage`` becomes JSON.
public struct JSONEncodingOptions {
  /// A line for each value, indented by two spaces a level.
  public var pretty: Bool
  /// Prints fields without presence that hold zero, and empty repeated and map fields.
  public var includeDefaults: Bool
  /// Names fields as the schema does instead of in lowerCamelCase.
  public var originalNames: Bool
  /// What the messages in `google.protobuf.Any` may cost to read, all of one printing together, those
  /// inside others included: a peer nests them, and every level is held once more.
  /// ``CodecLimits/size`` counts their bytes, 64 MiB by default, and ``CodecLimits/elements`` their
  /// elements and messages, one million by default; beyond either printing throws an error of kind
  /// `limit` with the field's path. The other two limits are for each.
  public var anyLimits: CodecLimits
  /// What to print for a descriptor. The path is the field's (``FieldPath``). The descriptor stays
  /// the message's. Without it, a descriptor is an error.
  public var descriptor:
    (
      (_ descriptor: Descriptor, _ path: String, _ contract: DescriptorContract) throws -> JSONValue
    )?

  public init(
    pretty: Bool = false, includeDefaults: Bool = false, originalNames: Bool = false,
    anyLimits: CodecLimits = CodecLimits(),
    descriptor: (
      (_ descriptor: Descriptor, _ path: String, _ contract: DescriptorContract) throws -> JSONValue
    )? = nil
  ) {
    self.pretty = pretty
    self.includeDefaults = includeDefaults
    self.originalNames = originalNames
    self.anyLimits = anyLimits
    self.descriptor = descriptor
  }
}
