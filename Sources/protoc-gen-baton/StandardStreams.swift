import SystemPackage

/// The request comes on standard input, the response goes to standard output.
enum StandardStreams {
  static func readAll() throws -> [UInt8] {
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try chunk.withUnsafeMutableBytes {
        try FileDescriptor.standardInput.read(into: $0)
      }
      if count == 0 { return all }
      all += chunk[..<count]
    }
  }

  static func write(_ bytes: [UInt8]) throws {
    try FileDescriptor.standardOutput.writeAll(bytes)
  }
}
