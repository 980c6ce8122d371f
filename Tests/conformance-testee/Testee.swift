import BatonMessages

/// Does what a `conformance.ConformanceRequest` asks, on dynamic messages.
struct Testee {
  private let pool: SchemaPool
  private let request: MessageType
  private let response: MessageType

  init(_ pool: SchemaPool) throws(CodecError) {
    guard let request = pool.message("conformance.ConformanceRequest"),
      let response = pool.message("conformance.ConformanceResponse")
    else { throw CodecError(.schema, "expected the conformance protocol among the schemas") }
    self.pool = pool
    self.request = request
    self.response = response
  }

  /// A serialised `conformance.ConformanceResponse`.
  func answer(_ bytes: [UInt8]) throws(CodecError) -> [UInt8] {
    let request = try DynamicMessage(decoding: bytes, type: request)
    let (field, value) = outcome(request)
    var response = try DynamicMessage(response)
    try response.set(field, to: value)
    return try response.encoded().bytes
  }

  private func outcome(_ request: DynamicMessage) -> (field: String, value: DynamicValue) {
    let name = request["message_type"]?.stringValue ?? ""
    guard let type = pool.message(name) else {
      return ("runtime_error", .string("there is no message type \(name)"))
    }
    if let refusal = type.refusal { return ("skipped", .string("\(name): \(refusal)")) }
    let format = format(request)
    guard format == "PROTOBUF" || format == "JSON" else {
      return ("skipped", .string("the output format \(format)"))
    }
    let message: DynamicMessage
    do throws(CodecError) {
      guard let read = try read(request, type) else {
        return ("skipped", .string("the input format"))
      }
      message = read
    } catch {
      return ("parse_error", .string("\(error)"))
    }
    do throws(CodecError) {
      if format == "JSON" { return ("json_payload", .string(try message.json())) }
      return ("protobuf_payload", .bytes(try message.encoded().bytes))
    } catch {
      return ("serialize_error", .string("\(error)"))
    }
  }

  private func format(_ request: DynamicMessage) -> String {
    guard case .enumeration(let formats)? = self.request.field("requested_output_format")?.type,
      let number = request["requested_output_format"]?.enumerationValue
    else { return "" }
    return formats.name(of: number) ?? "\(number)"
  }

  /// Nil for a payload in a format that is not for this testee.
  private func read(
    _ request: DynamicMessage, _ type: MessageType
  ) throws(CodecError) -> DynamicMessage? {
    if let bytes = request["protobuf_payload"]?.bytesValue {
      return try DynamicMessage(decoding: bytes, type: type)
    }
    guard let text = request["json_payload"]?.stringValue else { return nil }
    let category = request["test_category"]?.enumerationValue
    let ignoring = pool.enumeration("conformance.TestCategory")?
      .number(of: "JSON_IGNORE_UNKNOWN_PARSING_TEST")
    return try DynamicMessage(
      json: text, type: type,
      options: JSONDecodingOptions(ignoreUnknownFields: category == ignoring))
  }
}
