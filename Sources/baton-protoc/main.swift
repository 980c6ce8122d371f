import Foundation

// Runs protoc on behalf of the plugins BatonStubs and BatonGenerate.
do {
  let run = try ProtocRun(Array(CommandLine.arguments.dropFirst()))
  try run.refuseStalePlan()
  exit(try run.perform())
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(1)
}
