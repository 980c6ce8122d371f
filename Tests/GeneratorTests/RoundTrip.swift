import BatonMessages
import Foundation
import Testing

enum RoundTrip {
  /// Through this library's codec and through protoc's own.
  static func check<M: Message & Equatable>(
    _ message: M, in schema: String = "golden/everything.proto",
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let bytes = try message.encoded().bytes
    #expect(try M(decoding: bytes) == message, sourceLocation: location)
    let text = try Protoc.run("--decode=\(M.layout.name)", schema, input: Data(bytes))
    let other = try Protoc.run("--encode=\(M.layout.name)", schema, input: text)
    #expect(try M(decoding: Array(other)) == message, sourceLocation: location)
  }
}
