extension DynamicMessage {
  /// Reads a message by protobuf's JSON mapping. Throws errors of kind `json` with line and column.
  public init(
    json text: String, type: MessageType, options: JSONDecodingOptions = JSONDecodingOptions()
  ) throws(CodecError) {
    do throws(CodecError) {
      let node = try JSONParser.parse(text, nesting: options.nesting)
      var decoder = JSONMessageDecoder(options: options)
      self = try decoder.message(node, type)
    } catch {
      throw error.located(in: text)
    }
  }

  /// The message by protobuf's JSON mapping, fields in the order of their declaration and maps by
  /// their keys. Unknown fields are left out. Throws for values that have no JSON form: a
  /// `google.protobuf.Any` of an unknown type, a timestamp out of range, a descriptor without
  /// ``JSONEncodingOptions/descriptor``. Throws errors of kind `limit` for more in
  /// `google.protobuf.Any` than ``JSONEncodingOptions/anyLimits``.
  public func json(
    _ options: JSONEncodingOptions = JSONEncodingOptions()
  ) throws(CodecError) -> String {
    try jsonValue(options).text(pretty: options.pretty)
  }

  /// What ``json(_:)`` prints, before it is text.
  public func jsonValue(
    _ options: JSONEncodingOptions = JSONEncodingOptions()
  ) throws(CodecError) -> JSONValue {
    var encoder = JSONMessageEncoder(options: options)
    return try encoder.message(self)
  }
}
