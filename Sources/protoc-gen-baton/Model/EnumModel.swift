import BatonMessages

/// An enumeration as it will be written in Swift.
struct EnumModel {
  struct Value {
    let name: String
    let number: Int32
    let comment: [String]
    let isDeprecated: Bool
  }

  let path: [String]
  let comment: [String]
  let isDeprecated: Bool
  /// The first of each number.
  let values: [Value]
  /// Further names for numbers of ``values``.
  let aliases: [Value]

  /// The Swift names of the values, in the schema's order.
  static func names(_ enumeration: EnumDescriptorProto) -> [String] {
    let prefix = SwiftName.valuePrefix(enumeration.name ?? "")
    let names = enumeration.value.map { $0.name ?? "" }
    let bare = names.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
    let isPrefixed = bare.count == names.count && bare.allSatisfy { $0.first?.isLetter ?? false }
    return (isPrefixed ? bare.map(String.init) : names).map { name in
      let swift = SwiftName.member(name)
      return swift == "unrecognized" ? swift + "Value" : swift
    }
  }

  /// What a field holds that was not set.
  static func zero(_ enumeration: EnumDescriptorProto, _ type: String) -> String {
    guard let first = enumeration.value.first, first.options?.deprecated != true else {
      return "\(type)(rawValue: 0)"
    }
    return ".\(SwiftName.escaped(names(enumeration)[0]))"
  }
}
