// Answers the requests of protobuf's conformance_test_runner: `conformance-testee SCHEMAS.binpb`,
// where the file is a FileDescriptorSet of the protocol's schema and of the tests' schemas.

import BatonMessages
import Glibc
import SystemPackage

// The runner of v21 repeats the program's own path before the arguments.
guard let path = CommandLine.arguments.dropFirst().last else {
  try FileDescriptor.standardError.writeAll("usage: conformance-testee SCHEMAS.binpb\n".utf8)
  exit(64)
}
let file = try FileDescriptor.open(path, .readOnly)
let schemas = try file.closeAfter { try [UInt8](readingFrom: file) }
let testee = try Testee(SchemaPool(descriptorSet: schemas))
while let request = try [UInt8](framedFrom: FileDescriptor.standardInput) {
  try testee.answer(request).writeFramed(to: FileDescriptor.standardOutput)
}
