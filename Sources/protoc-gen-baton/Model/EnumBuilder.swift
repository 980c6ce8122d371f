import BatonMessages

extension MessageBuilder {
  func enumeration(
    _ enumeration: EnumDescriptorProto, _ fullName: String, _ path: [Int32]
  ) throws(Refusal) -> EnumModel {
    let all = values(enumeration, path)
    try refuseCollisions(all, enumeration, fullName, path)
    var numbers: Set<Int32> = []
    var names: Set<String> = []
    let distinct = all.filter { names.insert($0.name).inserted }
    let first = distinct.filter { numbers.insert($0.number).inserted }
    let firstNames = Set(first.map(\.name))
    return EnumModel(
      path: index.types[fullName]?.path ?? [], comment: places.comment(path),
      isDeprecated: enumeration.options?.deprecated == true, values: first,
      aliases: distinct.filter { !firstNames.contains($0.name) })
  }

  private func values(_ enumeration: EnumDescriptorProto, _ path: [Int32]) -> [EnumModel.Value] {
    zip(enumeration.value, EnumModel.names(enumeration)).enumerated().map { position, pair in
      EnumModel.Value(
        name: pair.1, number: pair.0.number ?? 0,
        comment: places.comment(path + [2, Int32(position)]),
        isDeprecated: pair.0.options?.deprecated == true)
    }
  }

  /// Two names that become one in Swift are refused, unless they are aliases of one number.
  private func refuseCollisions(
    _ values: [EnumModel.Value], _ enumeration: EnumDescriptorProto, _ fullName: String,
    _ path: [Int32]
  ) throws(Refusal) {
    var names = NameRegister()
    var numbers: [String: Int32] = [:]
    for (position, value) in values.enumerated() where numbers[value.name] != value.number {
      try names.take(
        value.name, for: "\(fullName).\(enumeration.value[position].name ?? "")",
        at: places.place(path + [2, Int32(position)]))
      numbers[value.name] = value.number
    }
  }
}
