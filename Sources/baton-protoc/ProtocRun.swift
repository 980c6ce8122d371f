import Foundation

/// One run of protoc, with what it says against schemas made readable.
struct ProtocRun {
  /// The program, then its arguments.
  private let command: [String]
  /// The `baton.json` that the arguments were made from, and what it held then.
  private let plan: (file: String, fingerprint: String)?

  /// `[--plan FILE FINGERPRINT] PROTOC ARGUMENTS…`
  init(_ arguments: [String]) throws {
    var arguments = arguments[...]
    if arguments.first == "--plan", arguments.count > 3 {
      plan = (arguments[1], arguments[2])
      arguments = arguments.dropFirst(3)
    } else {
      plan = nil
    }
    if arguments.isEmpty { throw Complaint("expected [--plan FILE FINGERPRINT] PROTOC ARGUMENTS…") }
    command = Array(arguments)
  }

  /// SwiftPM asks a plugin what to do only when the package's structure changes, which the content
  /// of a file is no part of.
  func refuseStalePlan() throws {
    guard let plan else { return }
    let content = try Data(contentsOf: URL(filePath: plan.file))
    if Fingerprint(content).text == plan.fingerprint { return }
    throw Complaint(
      "\(plan.file) has changed since the build was planned: run touch Package.swift and build again"
    )
  }

  /// protoc's status.
  func perform() throws -> Int32 {
    let process = Process()
    let errors = Pipe()
    process.executableURL = URL(filePath: command[0])
    process.arguments = Array(command.dropFirst())
    process.standardError = errors
    try process.run()
    let said = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    let complaints = Complaints(String(decoding: said, as: UTF8.self), folders: folders)
    FileHandle.standardError.write(Data(complaints.text.utf8))
    return process.terminationStatus
  }

  private var folders: [String] {
    command.filter { $0.hasPrefix("-I") }.map { String($0.dropFirst(2)) }
  }
}
