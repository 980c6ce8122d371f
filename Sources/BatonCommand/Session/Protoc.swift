import BatonMessages
import Glibc
import SystemPackage

/// Runs protobuf's compiler over a schema file.
struct Protoc {
  /// The folders of `-I`. Behind them imports are looked for beside the file; without any, in the
  /// working directory, too.
  let includes: [String]
  /// Files that need not lie in any folder, as a serialised `google.protobuf.FileDescriptorSet`.
  let builtIn: [UInt8]

  /// The schema with all it imports and its comments, as a serialised
  /// `google.protobuf.FileDescriptorSet`.
  func compile(_ file: String) throws(Failure) -> [UInt8] {
    let result: (status: Int32, set: [UInt8], errors: [UInt8])
    do throws(Errno) {
      result = try run(file)
    } catch {
      throw .usage("cannot run protoc, which --schema \(file.shortened) needs: \(error)")
    }
    if result.status == 0 { return result.set }
    let errors = String(decoding: result.errors, as: UTF8.self).replacing(
      file, with: file.shortened)
    throw .usage("--schema \(file.shortened): \(errors)")
  }

  /// What goes in and comes out is memory that protoc opens by number, so that nothing can block and
  /// nothing is left behind.
  private func run(
    _ file: String
  ) throws(Errno) -> (status: Int32, set: [UInt8], errors: [UInt8]) {
    let known = try Descriptor.memory(builtIn, name: "built-in")
    let set = try Descriptor.memory(name: "schema")
    let errors = try Descriptor.memory(name: "errors")
    let arguments =
      ["protoc"] + folders(of: file).map { "-I\($0)" } + [
        "--descriptor_set_in=/dev/fd/\(Self.knownNumber)", "--include_imports",
        "--include_source_info", "--descriptor_set_out=/dev/fd/\(Self.setNumber)", file,
      ]
    let status = try Self.spawn(
      arguments, [(errors, 2), (known, Self.knownNumber), (set, Self.setNumber)])
    return (status, try set.readAll(), try errors.readAll())
  }

  private func folders(of file: String) -> [String] {
    // Not by a FilePath, which takes very long to split a very long one.
    let own =
      file.lastIndex(of: "/").map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
    if !includes.isEmpty { return includes + [own] }
    return own == "." ? [own] : [own, "."]
  }

  // Far above what the command itself has open, so that placing one cannot overwrite another.
  private static let knownNumber: Int32 = 200
  private static let setNumber: Int32 = 201

  /// Runs a program of PATH with `descriptors` at their numbers (posix_spawnp(3)) and waits for its
  /// end. The result is its exit status, or 128 and the signal's number.
  private static func spawn(
    _ arguments: [String], _ descriptors: [(Descriptor, Int32)]
  ) throws(Errno) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (descriptor, number) in descriptors {
      descriptor.withFileDescriptor {
        _ = posix_spawn_file_actions_adddup2(&actions, $0.rawValue, number)
      }
    }
    var child: pid_t = 0
    let result = CStrings.withArray(arguments) {
      posix_spawnp(&child, arguments[0], &actions, nil, $0, environ)
    }
    if result != 0 { throw Errno(rawValue: result) }
    return ChildStatus.take(child)
  }
}
