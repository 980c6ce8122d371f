import BatonMessages
import Foundation
import Programs
import Testing

/// The executable that answers protobuf's conformance tests, spoken to as their runner does.
@Suite struct JSONConformanceTests {
  /// What the runner's protocol and its tests need of their schemas here.
  static let schema = """
    syntax = "proto3";
    package conformance;
    enum WireFormat { UNSPECIFIED = 0; PROTOBUF = 1; JSON = 2; JSPB = 3; TEXT_FORMAT = 4; }
    enum TestCategory {
      UNSPECIFIED_TEST = 0; BINARY_TEST = 1; JSON_TEST = 2; JSON_IGNORE_UNKNOWN_PARSING_TEST = 3;
    }
    message ConformanceRequest {
      oneof payload { bytes protobuf_payload = 1; string json_payload = 2; string text_payload = 8; }
      WireFormat requested_output_format = 3;
      string message_type = 4;
      TestCategory test_category = 5;
    }
    message ConformanceResponse {
      oneof result {
        string parse_error = 1; string serialize_error = 6; string runtime_error = 2;
        bytes protobuf_payload = 3; string json_payload = 4; string skipped = 5;
      }
    }
    message Numbers { int32 number = 1; repeated int32 numbers = 2; }
    """

  /// Beside the tests' own executable.
  private func testee(_ schemas: URL) -> Program {
    let own = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    return Program(own.appending(path: "conformance-testee").path, [schemas.path])
  }

  @Test func `the testee answers in the protocol's frames`() async throws {
    let set = try SchemaPoolSource.compile(Self.schema, header: "")
    let pool = try SchemaPool(descriptorSet: set)
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data(set).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    var program = testee(file)
    let (input, output) = (Pipe(), Pipe())
    program.input = input.fileHandleForReading
    program.output = output.fileHandleForWriting
    let process = try program.start()
    try input.fileHandleForReading.close()
    try output.fileHandleForWriting.close()

    let exchanges: [(request: String, response: String)] = [
      (
        #""protobufPayload":"CAE=","requestedOutputFormat":"JSON""#,
        #"{"jsonPayload":"{\"number\":1}"}"#
      ),
      (
        #""jsonPayload":"{\"numbers\":[1,2]}","requestedOutputFormat":"PROTOBUF""#,
        #"{"protobufPayload":"EgIBAg=="}"#
      ),
      (
        #""jsonPayload":"{\"number\":true}","requestedOutputFormat":"JSON""#,
        #"{"parseError":"number: line 1, column 11: expected an integer from "#
          + #"-2147483648 to 2147483647, got true (at byte 10)"}"#
      ),
      (
        #""jsonPayload":"{\"x\":1}","requestedOutputFormat":"JSON","testCategory":3"#,
        #"{"jsonPayload":"{}"}"#
      ),
      (#""textPayload":"","requestedOutputFormat":"JSON""#, #"{"skipped":"the input format"}"#),
      (
        #""protobufPayload":"","requestedOutputFormat":"TEXT_FORMAT""#,
        #"{"skipped":"the output format TEXT_FORMAT"}"#
      ),
      (#""messageType":"x""#, #"{"runtimeError":"there is no message type x"}"#),
    ]
    let request = try #require(pool.message("conformance.ConformanceRequest"))
    let response = try #require(pool.message("conformance.ConformanceResponse"))
    for exchange in exchanges {
      let type =
        exchange.request.contains("messageType") ? "" : #","messageType":"conformance.Numbers""#
      let bytes = try DynamicMessage(json: "{\(exchange.request)\(type)}", type: request).encoded()
        .bytes
      let head = (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) }
      try input.fileHandleForWriting.write(contentsOf: head + bytes)
      let length = try #require(try output.fileHandleForReading.read(upToCount: 4))
      let count = length.reversed().reduce(0) { $0 << 8 | Int($1) }
      let body = try #require(try output.fileHandleForReading.read(upToCount: count))
      #expect(
        try DynamicMessage(decoding: [UInt8](body), type: response).json() == exchange.response)
    }
    try input.fileHandleForWriting.close()
    #expect(await process.ended() == 0)
  }
}
