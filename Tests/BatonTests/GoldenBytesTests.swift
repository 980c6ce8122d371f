import Baton
import BatonMessages
import SystemPackage
import Testing

/// The packets that the specification lists, as this end reads and writes them.
@Suite struct GoldenBytesTests {
  struct Golden: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    var testDescription: String { name }
  }

  /// The blocks behind "## Golden bytes": eight bytes a line, what they mean behind the semicolon.
  static let all: [Golden] = {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
      .removingLastComponent()
    let path = root.appending("Sources/Baton/Documentation.docc/Wire.md")
    guard let text = try? Descriptor.open(path).readTextToEnd(),
      let section = text.firstRange(of: "## Golden bytes")
    else { return [] }
    var found: [Golden] = []
    var name = ""
    var bytes: [UInt8]?
    for line in text[section.upperBound...].split(separator: "\n") {
      if line.hasPrefix("### ") { name = String(line.dropFirst(4)) }
      if line == "```" {
        if let bytes { found.append(Golden(name: name, bytes: bytes)) }
        bytes = nil
      } else if line == "```text" {
        bytes = []
      } else {
        let digits = line.split(separator: ";")[0].split(separator: " ")
        bytes?.append(contentsOf: digits.compactMap { UInt8($0, radix: 16) })
      }
    }
    return found
  }()

  /// The headers of a packet's frames and how many bytes are whole frames.
  private static func headers(
    _ bytes: [UInt8], arrived: Int
  ) throws -> [(header: FrameHeader, body: [UInt8])] {
    try bytes.withUnsafeBytes { packet in
      var frames = PacketFrames(packet, arrived: arrived, lost: false)
      var found: [(FrameHeader, [UInt8])] = []
      while let frame = try frames.next() {
        found.append((frame.header, Array(frame.head) + frame.message.copy()))
      }
      return found
    }
  }

  private static func descriptors(of bytes: [UInt8]) -> Int {
    (0...4).first { (try? headers(bytes, arrived: $0)) != nil } ?? -1
  }

  @Test func `the specification lists every kind of frame`() throws {
    let kinds = try Self.all.flatMap { golden in
      try Self.headers(golden.bytes, arrived: Self.descriptors(of: golden.bytes)).map(\.header.kind)
    }
    #expect(Set(kinds.map(\.rawValue)) == Set(1...11))
  }

  @Test(arguments: all) func `a golden packet is written as it was read`(golden: Golden) throws {
    let arrived = Self.descriptors(of: golden.bytes)
    let files = try (0..<max(arrived, 0)).map { _ in try Descriptor.memory([]) }
    var packets = OutgoingPackets(largestPacket: 65_536)
    for (header, body) in try Self.headers(golden.bytes, arrived: arrived) {
      packets.add(header, descriptors: header.descriptors > 0 ? files : []) { $0.copyBytes(body) }
    }
    let written = packets.takeFirst().map { Array($0.bytes) }
    #expect(written == golden.bytes)
    #expect(packets.takeFirst() == nil)
  }

  @Test(arguments: all) func `a truncated golden packet is an error or its whole frames`(
    golden: Golden
  ) throws {
    let arrived = Self.descriptors(of: golden.bytes)
    var wholes: Set<Int> = [0]
    var length = 0
    for (header, _) in try Self.headers(golden.bytes, arrived: arrived) {
      length += FrameHeader.byteCount + header.paddedSize
      wholes.insert(length)
    }
    for length in 0..<golden.bytes.count {
      let isRead = (0...4).contains {
        (try? Self.headers(Array(golden.bytes.prefix(length)), arrived: $0)) != nil
      }
      #expect(isRead == wholes.contains(length), "the first \(length) bytes")
    }
  }
}
