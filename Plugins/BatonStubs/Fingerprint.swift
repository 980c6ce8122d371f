import Foundation

/// Tells a file's content from another's: FNV-1a with 64 bits.
struct Fingerprint {
  let text: String

  init(_ content: Data) {
    let number = content.reduce(14_695_981_039_346_656_037 as UInt64) { hash, byte in
      (hash ^ UInt64(byte)) &* 1_099_511_628_211
    }
    text = String(number, radix: 16)
  }
}
