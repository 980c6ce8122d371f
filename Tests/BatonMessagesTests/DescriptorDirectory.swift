import CKernelObjects
import Glibc
import SystemPackage
import Testing

/// Lends a fresh directory, which is removed afterwards with the files that lie in it.
func withTemporaryDirectory<Result>(
  in parent: FilePath = "/tmp", _ body: (FilePath) throws -> Result
) throws -> Result {
  var template = Array("\(parent)/baton-test-XXXXXX".utf8CString)
  let made = mkdtemp(&template)
  let path = try #require(made.map { FilePath(platformString: $0) })
  defer { path.withPlatformString(remove_tree) }
  return try body(path)
}
