import Baton
import BatonMessages
import SystemPackage

struct Shelf: Notes.Service {
  let folder: Descriptor

  func open(_ request: OpenRequest, context: CallContext) async throws -> OpenReply {
    OpenReply(file: try Descriptor.open(FilePath(request.name), beneath: folder))
  }
}

func serve(_ folder: FilePath, at address: String) async throws {
  let shelf = Shelf(folder: try Descriptor.open(folder, options: [.directory, .pathOnly]))
  try await Server(address: address, services: [shelf]).run()
}

func read(_ name: String, from address: String) async throws -> String {
  let notes = try await Notes.Client(connectingTo: address)
  let reply = try await notes.open(OpenRequest(name: name))
  return try reply.file.readTextToEnd()
}
