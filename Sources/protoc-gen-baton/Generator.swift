import BatonMessages

/// From the request that protoc makes to the Swift files, or to the refusal of the first schema
/// that cannot be served.
struct Generator {
  private let request: CodeGeneratorRequest
  private let parameters: Parameters
  private let index: SchemaIndex
  private let files: [String: FileDescriptorProto]

  init(_ request: CodeGeneratorRequest) throws(Refusal) {
    self.request = request
    parameters = try Parameters(request.parameter ?? "")
    let modules = ModuleMap(parameters, generating: request.fileToGenerate)
    index = SchemaIndex(request.protoFile, modules)
    files = Dictionary(
      request.protoFile.map { ($0.name ?? "", $0) }, uniquingKeysWith: { first, _ in first })
  }

  func generate() throws(Refusal) -> [GeneratedFile] {
    var models: [FileModel] = []
    for name in request.fileToGenerate {
      guard let file = files[name] else { continue }
      models.append(try FileBuilder(file, index: index, files: files).model())
    }
    try ModuleNames.refuseCollisions(in: request.protoFile, index.modules)
    return models.map { model in
      GeneratedFile(
        name: SwiftName.swiftFile(model.name),
        content: FilePrinter(file: model, parameters: parameters, index: index).text())
    }
  }
}
