import BatonMessages

/// One request as JSON text.
struct RequestText {
  let json: String
  /// Its line in a stream of requests.
  var line: Int?

  /// The message, with its descriptors open.
  func message(_ type: MessageType) throws(Failure) -> DynamicMessage {
    let options = JSONDecodingOptions { source, _, _ in try DescriptorSource(source).open() }
    do throws(CodecError) {
      return try DynamicMessage(json: json, type: type, options: options)
    } catch {
      // There is just one line in a line.
      let message = line == nil ? error.message : error.message.replacing("line 1, ", with: "")
      throw .usage("\(name): \(error.path.isEmpty ? "" : "\(error.path): ")\(message)")
    }
  }

  /// The same message as it is sent. Throws where it breaks its schema's contract.
  func encode(_ message: DynamicMessage) throws(Failure) -> EncodedMessage {
    do throws(CodecError) {
      return try message.encoded()
    } catch {
      throw Failure(.call(3), "\(name): \(error)")
    }
  }

  private var name: String { line.map { "the request in line \($0)" } ?? "the request" }
}
