import BatonMessages
import SystemPackage

/// A schema that takes the place of reflection.
struct SchemaOnDisk {
  /// A `.proto` file, or a serialised `google.protobuf.FileDescriptorSet`.
  let file: String
  /// Where protoc looks for what the `.proto` file imports.
  let includes: [String]

  func read(_ watch: Watch) throws(Failure) -> SchemaPool {
    let bytes = try watch.during("cannot read the schema \(file.shortened)") {
      () throws(Failure) in
      file.hasSuffix(".proto") ? try compiled() : try content()
    }
    let set: FileDescriptorSet
    do throws(CodecError) {
      set = try FileDescriptorSet(decoding: bytes)
    } catch {
      throw .usage(
        "--schema \(file.shortened): expected a .proto file or a descriptor set: \(error)")
    }
    do throws(CodecError) {
      return try SchemaPool(files: set.file)
    } catch {
      throw .usage("--schema \(file.shortened): \(error)")
    }
  }

  private func content() throws(Failure) -> [UInt8] {
    if !includes.isEmpty {
      throw .usage("-I is for a .proto file, \(file.shortened) is a descriptor set")
    }
    do throws(Errno) {
      return try Descriptor.open(DescriptorSource.whole(file)).readToEnd()
    } catch {
      throw .usage("cannot read the schema \(file.shortened): \(error)")
    }
  }

  private func compiled() throws(Failure) -> [UInt8] {
    try Protoc(includes: includes, builtIn: Self.options()).compile(file)
  }

  /// `baton/options.proto`, which the library carries.
  private static func options() throws(Failure) -> [UInt8] {
    do throws(CodecError) {
      let pool = try SchemaPool([BatonOptionsSchema.file])
      return try FileDescriptorSet(file: pool.files).encoded().bytes
    } catch {
      throw .usage("the library's own schema: \(error)")
    }
  }
}
