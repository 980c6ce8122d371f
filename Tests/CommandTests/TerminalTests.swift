import BatonCommand
import BatonMessages
import Foundation
import Testing

@Suite struct TerminalTests {
  @Test func `no control character of a reply reaches a terminal, and what does is JSON`() throws {
    var text = ""
    for number: UInt32 in 0...0x9f { text.unicodeScalars.append(Unicode.Scalar(number) ?? " ") }
    let value = JSONValue.object([.init(text, .array([.string(text)]))])
    for shown in [JSONText.pretty(value, terminal: .plain), value.text()] {
      #expect(!shown.unicodeScalars.contains { $0.isControl && $0 != "\n" })
      let read = try JSONSerialization.jsonObject(with: Data(shown.utf8)) as? [String: [String]]
      #expect(read == [text: [text]])
    }
  }
}
