import BatonMessages

/// What becomes of the replies of a stream, one after the other.
struct StreamOutput: Sendable {
  let saves: [SaveOutput]
  /// The fields of `--cat`.
  let cats: [String]
  /// The command of `--exec`, and whether it finds nothing on standard input.
  let arguments: [String]
  let hidesInput: Bool
  let limit: Int?
  let command = ExecChild()
  private var count = 0
  private var saved: Set<String> = []
  private var failures: (count: Int, first: Int, status: Int32)?

  init(_ reply: ReplyArguments, _ saves: [SaveOutput], hidesInput: Bool) {
    self.saves = saves
    self.hidesInput = hidesInput
    cats = reply.cat
    arguments = reply.command
    limit = reply.limit
  }

  /// Whether no more replies are wanted.
  var isFull: Bool { count == limit }

  /// Returns when the reply has been dealt with, so that a server that is faster waits.
  mutating func write(_ reply: DynamicMessage) throws(Failure) {
    count += 1
    for save in saves { try write(reply, save) }
    if !arguments.isEmpty { return try run(reply) }
    if cats.isEmpty { return try StandardOutput.write(try ReplyText(reply).compact + "\n") }
    for field in cats where ReplyFields.exist(at: field, in: reply) {
      try CatOutput(field: field).write(reply)
    }
  }

  private mutating func write(_ reply: DynamicMessage, _ save: SaveOutput) throws(Failure) {
    if !ReplyFields.exist(at: save.field, in: reply) { return }
    if !saved.insert(save.path).inserted && !save.isNumbered {
      throw .usage(
        "--save \(save.field)=\(save.path): reply \(count) brings another; "
          + "with {n} in its name, each reply has a file of its own")
    }
    try save.write(reply, number: count)
  }

  private mutating func run(_ reply: DynamicMessage) throws(Failure) {
    let output = ExecOutput(
      command: arguments, descriptors: reply.descriptors, json: try ReplyText(reply).compact)
    let status = try command.run(output, hidesInput: hidesInput)
    if status == 0 { return }
    failures = (1 + (failures?.count ?? 0), failures?.first ?? count, failures?.status ?? status)
  }

  /// Behind the last reply. Throws if a command failed.
  func end() throws(Failure) {
    guard let failures else { return }
    throw Failure(
      .command(failures.status),
      "\(arguments[0]) failed for \(failures.count) of \(count) replies, "
        + "at first for reply \(failures.first), with status \(failures.status)")
  }
}
