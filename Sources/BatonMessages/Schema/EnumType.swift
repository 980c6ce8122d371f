/// An enumeration of a ``SchemaPool``, which it keeps alive. Open: a field may hold other numbers.
public struct EnumType: Sendable {
  /// The pool the type is from.
  public let pool: SchemaPool
  let index: Int

  var record: EnumRecord { pool.enums[index] }

  /// The full name.
  public var name: String { record.name }
  /// The file that declares the type.
  public var file: FileDescriptorProto { pool.files[record.place.file] }
  /// The place in ``file``, as in `google.protobuf.SourceCodeInfo.Location.path`.
  public var path: [Int32] { record.place.path }
  /// The declaration, with options as they were written.
  public var proto: EnumDescriptorProto { record.proto }

  /// The number of the value with this name.
  public func number(of name: String) -> Int32? { record.numbers[ExactString(name)] }
  /// The first name declared for the number.
  public func name(of number: Int32) -> String? { record.names[number] }
}

extension EnumType: Hashable {
  public static func == (one: EnumType, other: EnumType) -> Bool {
    one.index == other.index && one.pool === other.pool
  }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(index)
    hasher.combine(ObjectIdentifier(pool))
  }
}
