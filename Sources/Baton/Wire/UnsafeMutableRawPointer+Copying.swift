extension UnsafeMutableRawPointer {
  /// Copies all of `bytes` to here.
  package func copyBytes(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { copyMemory(from: start, byteCount: source.count) }
    }
  }
}
