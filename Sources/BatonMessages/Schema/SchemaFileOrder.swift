/// Puts schema files behind those they import.
enum SchemaFileOrder {
  /// Throws for files that are missing, that differ under one name, or that import in a circle.
  static func sort(_ files: [FileDescriptorProto]) throws(CodecError) -> [FileDescriptorProto] {
    let byName = try distinct(files)
    // How many imports of a file still wait, and who waits for a file.
    var waiting: [Int] = []
    var importers: [[Int]] = Array(repeating: [], count: byName.files.count)
    for (index, file) in byName.files.enumerated() {
      let imports = try imports(of: file, byName.places)
      waiting.append(imports.count)
      for place in imports { importers[place].append(index) }
    }
    var ready = waiting.indices.filter { waiting[$0] == 0 }
    var next = 0
    while next < ready.count {
      for importer in importers[ready[next]] {
        waiting[importer] -= 1
        if waiting[importer] == 0 { ready.append(importer) }
      }
      next += 1
    }
    guard let stuck = waiting.firstIndex(where: { $0 > 0 }) else {
      return ready.map { byName.files[$0] }
    }
    throw CodecError(
      .schema, "\(byName.files[stuck].name ?? "") imports itself, or files that import in a circle")
  }

  private static func distinct(
    _ files: [FileDescriptorProto]
  ) throws(CodecError) -> (files: [FileDescriptorProto], places: [ExactString: Int]) {
    var kept: [FileDescriptorProto] = []
    var places: [ExactString: Int] = [:]
    for file in files {
      guard let name = file.name, SchemaName.isFile(name) else {
        throw CodecError(
          .schema,
          "expected a file name without control characters, got \((file.name ?? "").quoted)")
      }
      if let place = places[ExactString(name)] {
        if kept[place] == file { continue }
        throw CodecError(.schema, "two different files are named \(name)")
      }
      places[ExactString(name)] = kept.count
      kept.append(file)
    }
    return (kept, places)
  }

  private static func imports(
    of file: FileDescriptorProto, _ places: [ExactString: Int]
  ) throws(CodecError) -> Set<Int> {
    var imports: Set<Int> = []
    for dependency in file.dependency {
      guard let place = places[ExactString(dependency)] else {
        throw CodecError(
          .schema, "\(file.name ?? "") imports \(dependency.quoted), which is not in the schema")
      }
      imports.insert(place)
    }
    return imports
  }
}
