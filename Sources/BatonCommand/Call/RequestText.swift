import BatonMessages

/// One request as JSON text.
struct RequestText {
  let json: String
  /// Its line in a stream of requests.
  var line: Int?

  /// The message as it is sent. What it names is opened, and made or emptied where it is to be when all
  /// of the request is known to be good. Throws where it breaks its schema's contract.
  func encoded(as type: MessageType, _ session: Session) throws(Failure) -> EncodedMessage {
    let opened = OpenedSources()
    let message = try message(type, opened, session.watch)
    let request: EncodedMessage
    do throws(CodecError) {
      request = try message.encoded()
    } catch {
      throw Failure(.call(3), "\(name): \(error)")
    }
    do throws(CodecError) {
      for source in opened.all { try source.name() }
      for source in opened.all { try source.empty() }
    } catch {
      throw .usage("\(name): \(error.message)")
    }
    session.trace.descriptors(message, arrow: ">")
    return request
  }

  private final class OpenedSources {
    var all: [OpenedSource] = []
  }

  private func message(
    _ type: MessageType, _ opened: OpenedSources, _ watch: Watch
  ) throws(Failure) -> DynamicMessage {
    let options = JSONDecodingOptions { text, path, _ in
      let source = try DescriptorSource(text)
      // A FIFO opens when its other end does.
      let one = try watch.during(
        "\(name): \(path.shortened): cannot open \(source.action)"
      ) { () throws(CodecError) in try source.open(opened.all) }
      opened.all.append(one)
      return one.descriptor
    }
    do throws(CodecError) {
      return try DynamicMessage(json: json, type: type, options: options)
    } catch {
      // There is just one line in a line.
      let message = line == nil ? error.message : error.message.replacing("line 1, ", with: "")
      throw .usage("\(name): \(error.path.isEmpty ? "" : "\(error.path.shortened): ")\(message)")
    }
  }

  private var name: String { line.map { "the request in line \($0)" } ?? "the request" }
}
