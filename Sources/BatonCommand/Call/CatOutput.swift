import BatonMessages
import SystemPackage

/// Copies what a descriptor of the reply holds to standard output: `--cat FIELD`.
struct CatOutput {
  let field: String

  func write(_ reply: DynamicMessage) throws(Failure) {
    try StandardOutput.check()
    for descriptor in try ReplyFields.descriptors(at: field, "--cat", in: reply) {
      do throws(Errno) {
        try ContentCopy(of: descriptor).write { (bytes, _) throws(Errno) in
          try StandardOutput.write(bytes, to: .standardOutput)
        }
      } catch {
        throw Failure(.output, "cannot copy \(field.shortened), \(descriptor.phrase): \(error)")
      }
    }
  }
}

extension Descriptor {
  /// For errors: `a directory open for reading`.
  var phrase: String { (try? describe())?.description ?? "a descriptor" }
}
