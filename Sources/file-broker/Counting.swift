import BatonMessages
import SystemPackage

extension Counts {
  /// Reads `file` to its end, as wc(1) does.
  init(reading file: Descriptor) throws(Errno) {
    self.init()
    var isInWord = false
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 1)
    defer { buffer.deallocate() }
    while true {
      let read = try file.read(into: buffer)
      if read == 0 { return }
      bytes += UInt64(read)
      for byte in buffer[..<read] {
        if byte == UInt8(ascii: "\n") { lines += 1 }
        let isSpace = byte == UInt8(ascii: " ") || (9...13).contains(byte)
        if isInWord && isSpace || !isInWord && !isSpace {
          isInWord = !isSpace
          if isInWord { words += 1 }
        }
      }
    }
  }
}
