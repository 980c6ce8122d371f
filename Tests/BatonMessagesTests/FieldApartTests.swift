import BatonMessages
import Testing

/// Messages one field of which lies apart are read as if they were in one piece.
@Suite struct FieldApartTests {
  private static let long = [UInt8](repeating: 0x61, count: 40_000)
  private static let text = String(repeating: "a", count: 40_000)

  private static func samples() throws -> [(what: String, bytes: [UInt8])] {
    let tag: [UInt8] = [0x22, 0xc0, 0xb8, 0x02]
    let node = try CodecNode(data: long).encoded().bytes
    var samples: [(what: String, bytes: [UInt8])] = []
    samples.append(("bytes", try CodecNode(name: "n", data: long).encoded().bytes))
    samples.append(("a string", try CodecNode(name: text, data: [1]).encoded().bytes))
    let child = CodecNode(name: "n", child: CodecNode(data: long), data: [1])
    samples.append(("a message", try child.encoded().bytes))
    let parent = CodecNode(children: [CodecNode(data: long), CodecNode()])
    samples.append(("an element", try parent.encoded().bytes))
    samples.append(("an unknown field", [0x7a] + tag.dropFirst() + long + [0x0a, 1, 0x62]))
    samples.append(("bytes twice", node + [0x22, 2, 7, 7]))
    samples.append(
      ("a tag of two bytes", [0xa2, 0x00] + tag.dropFirst() + long + [0x0a, 1, 0x62]))
    samples.append(("a length of four bytes", [0x22, 0xc0, 0xb8, 0x82, 0x00] + long))
    samples.append(("as much behind it", node + [0x7a] + tag.dropFirst() + long))
    let bad = long.dropLast() + [0xff, 0x22, 0]
    samples.append(("a string that is not UTF-8", [0x0a] + tag.dropFirst() + bad))
    samples.append(("a fault in front of it", [0x0a, 1, 0xff] + tag + long))
    samples.append(("a fault behind it", node + [0x0a, 1, 0xff]))
    samples.append(("a truncated field behind it", node + [0x0a, 9, 0x61]))
    samples.append(("a number of the same field", [0x20, 1] + tag + long))
    samples.append(("groups in front of it", [0x7b, 0x7c] + tag + long))
    return samples
  }

  /// The message in `rest` and what lies apart, or why it is refused.
  private static func read(
    _ rest: [UInt8], _ apart: FieldApart, _ limits: CodecLimits = CodecLimits()
  ) -> (node: CodecNode?, error: CodecError?) {
    rest.withUnsafeBytes { bytes in
      var none = ReceivedDescriptors()
      let lent = LentMessage(bytes, apart)
      do throws(CodecError) {
        return (try CodecNode(unpacking: lent, descriptors: &none, limits: limits), nil)
      } catch {
        return (nil, error)
      }
    }
  }

  private static func read(_ whole: [UInt8]) -> (node: CodecNode?, error: CodecError?) {
    do {
      return (try CodecNode(decoding: whole), nil)
    } catch {
      return (nil, error)
    }
  }

  @Test func `a message is read the same in one piece and with a field apart`() throws {
    for (what, whole) in try Self.samples() {
      let expected = Self.read(whole)
      #expect((expected.node == nil) != (expected.error == nil))
      for cut in [12, 40_000] {
        guard let apart = Self.apart(whole, cut) else {
          #expect(what.hasPrefix("groups"), "\(what) cut at \(cut)")
          continue
        }
        let rest = Array(whole[..<apart.offset] + whole[(apart.offset + apart.count)...])
        let read = Self.read(rest, apart)
        #expect(read.node == expected.node, "\(what) cut at \(cut)")
        let (one, other) = (read.error.map { "\($0)" }, expected.error.map { "\($0)" })
        #expect(one == other, "\(what) cut at \(cut)")
        let copy = rest.withUnsafeBytes { LentMessage($0, apart).copy() }
        #expect(copy == whole)
      }
    }
  }

  private static func apart(_ whole: [UInt8], _ cut: Int) -> FieldApart? {
    whole.withUnsafeBytes { whole in
      let beginning = UnsafeRawBufferPointer(rebasing: whole[..<cut])
      guard let apart = FieldApart(beginning, most: 1 << 20) else { return nil }
      _ = apart.append(UnsafeRawBufferPointer(rebasing: whole[apart.offset...]))
      return apart
    }
  }

  @Test func `bytes that lie apart are not copied`() throws {
    let bytes = try CodecNode(data: Self.long).encoded().bytes
    let apart = try #require(Self.apart(bytes, 100))
    let start = apart.content.withUnsafeBytes { $0.baseAddress }
    let read = try #require(Self.read(Array(bytes[..<apart.offset]), apart).node)
    #expect(read.data == Self.long)
    #expect(read.data.withUnsafeBytes { $0.baseAddress } == start)
  }

  @Test func `the limits count a field that lies apart`() throws {
    let bytes = try CodecNode(data: Self.long).encoded().bytes
    let apart = try #require(Self.apart(bytes, 100))
    var limits = CodecLimits()
    limits.size = bytes.count - 1
    #expect(Self.read(Array(bytes[..<apart.offset]), apart).node != nil)
    #expect(Self.read(Array(bytes[..<apart.offset]), apart, limits).error?.kind == .limit)
  }

  @Test func `only the beginning of a message with a long field at its end has a field apart`() {
    let beginnings: [[UInt8]] = [
      [], [0x22], [0x22, 0xff], [0x22, 5, 1, 2, 3, 4, 5], [0x22, 0xff, 0x0f, 1],
      [0x22, 0xff, 0xff, 0xff, 0xff, 0x0f, 1], [0x00, 0xc0, 0xb8, 0x02], [0x26, 0xc0, 0xb8, 0x02],
      [0x21, 1, 2, 3], [0x24, 0x22, 0xc0, 0xb8, 0x02],
    ]
    for bytes in beginnings {
      #expect(bytes.withUnsafeBytes { FieldApart($0, most: 1 << 20) } == nil, "\(bytes)")
    }
    let good: [UInt8] = [0x22, 0xc0, 0xb8, 0x02, 1]
    #expect(good.withUnsafeBytes { FieldApart($0, most: 40_000) } != nil)
    #expect(good.withUnsafeBytes { FieldApart($0, most: 39_999) } == nil, "larger than allowed")
  }
}
