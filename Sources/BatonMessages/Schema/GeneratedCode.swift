/// What generated code needs of this library. A library that cannot serve the code it meets lacks
/// the version the code names, and the compiler says so.
public enum GeneratedCode {
  /// protoc-gen-baton of Baton 0.1.
  public enum Version1 {}
}
