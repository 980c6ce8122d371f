internal import CBaton
public import SystemPackage

extension Descriptor {
  /// Fills `buffer` from `offset` bytes into the file, moving nobody's offset (pread(2)). Returns the
  /// number of bytes, which is less than `buffer` holds only at the end of the file. `ESPIPE` where
  /// there are no offsets: pipes, sockets, terminals.
  public func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(Errno) -> Int {
    guard let start = buffer.baseAddress else { return 0 }
    return try call { baton_read_at($0, start, buffer.count, offset) }
  }

  /// Reads once from the shared offset, which moves (read(2)). Returns the number of bytes, at most
  /// as many as `buffer` holds; zero at the end. Waits for content where a pipe, socket or terminal
  /// has none, or throws `EAGAIN` where O_NONBLOCK is set.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    guard let start = buffer.baseAddress else { return 0 }
    return try call { baton_read($0, start, buffer.count) }
  }

  /// Writes all of `bytes` at `offset` bytes into the file, moving nobody's offset (pwrite(2)).
  /// Linux appends instead where O_APPEND is set. `ESPIPE` where there are no offsets.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(Errno) {
    guard let start = bytes.baseAddress else { return }
    _ = try call { baton_write_at($0, start, bytes.count, offset) }
  }

  /// Writes all of `bytes` as ``write(_:at:)-(UnsafeRawBufferPointer,_)`` does.
  public func write(_ bytes: [UInt8], at offset: Int64) throws(Errno) {
    let span = bytes.span
    try span.withUnsafeBytes { (raw) throws(Errno) in try write(raw, at: offset) }
  }

  /// The content from the shared offset to the end; the offset moves with it (read(2)).
  ///
  /// Waits until the writers of a pipe, socket or terminal are done, or throws `EAGAIN` where
  /// O_NONBLOCK is set.
  ///
  /// - Parameter limit: Bytes; `EFBIG` when there are more. A peer's pipe may never end.
  public func readToEnd(limit: Int = .max) throws(Errno) -> [UInt8] {
    try collect(limit) { (buffer, _) throws(Errno) in try read(into: buffer) }
  }

  /// ``readToEnd(limit:)`` as text; `EILSEQ` when the content is not UTF-8.
  public func readTextToEnd(limit: Int = .max) throws(Errno) -> String {
    guard let text = String(validating: try readToEnd(limit: limit), as: UTF8.self) else {
      throw .illegalByteSequence
    }
    return text
  }

  /// The content from `offset` to the end, moving nobody's offset (pread(2)). `ESPIPE` where there
  /// are no offsets.
  ///
  /// - Parameter limit: Bytes; `EFBIG` when there are more.
  public func readAll(from offset: Int64 = 0, limit: Int = .max) throws(Errno) -> [UInt8] {
    try collect(limit) { (buffer, done) throws(Errno) in
      try read(into: buffer, at: offset + Int64(done))
    }
  }

  /// Grows with what arrives: the size that fstat(2) tells is the sender's to choose, as of a sparse
  /// file.
  private func collect(
    _ limit: Int, _ read: (UnsafeMutableRawBufferPointer, Int) throws(Errno) -> Int
  ) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    var step = 16 * 1024
    while true {
      let done = bytes.count
      try bytes.append(addingCapacity: step) { (free) throws(Errno) in
        try free.withUnsafeMutableBufferPointer { (buffer, count) throws(Errno) in
          let rest = UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
          count += try read(rest, done)
        }
      }
      if bytes.count == done { return bytes }
      if bytes.count > limit { throw .fileTooLarge }
      step = Swift.max(step, bytes.count)
    }
  }
}
