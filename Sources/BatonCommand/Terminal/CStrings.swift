import Glibc

/// The arrays of strings that execve(2) and posix_spawn(3) take.
enum CStrings {
  /// Lends `strings` as an array of C strings with a null pointer behind the last.
  static func withArray<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers = strings.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    pointers.append(nil)
    return body(pointers)
  }
}
