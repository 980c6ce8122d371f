import Baton
import BatonMessages
import Glibc
import SystemPackage
import Testing

/// Descriptors that are lost, doubled, too many or in the wrong place. Every test runs in a process
/// of its own, so that its open descriptor numbers and limits are the test's alone.
@Suite(.processOfItsOwn, .timeLimit(.minutes(2))) struct TrapsDescriptors {
  @Test func `a server without room for a request's descriptors fails that call alone`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let pipe = try WatchedPipe()
        let places = (1...15).map { UInt8($0) }
        let request = RawFrame.request(
          2, "Count", message: Parcels.files(places), descriptors: 15)
        try await OpenNumbers.withRoom(9) {
          try scene.attacker.send(
            RawFrame.request(1, "Echo", message: [8, 1]).bytes + request.bytes,
            descriptors: Array(repeating: pipe.writing, count: 15))
          let answers = try await scene.answers(1, 2)
          #expect(answers[1]?.kind == 3, "the call in the same packet is answered")
          #expect(answers[2]?.code == 8, "RESOURCE_EXHAUSTED")
          #expect(answers[2]?.text.contains("expected 15 descriptors, got 9") == true)
        }
        try scene.attacker.send(RawFrame.request(3, "Echo", message: [8, 2]).bytes)
        #expect(try await scene.answers(3)[3]?.kind == 3, "the connection goes on")
        await pipe.untilClosed()
      }
    }
  }

  @Test func `a client without room for a reply's descriptors fails that call alone`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let pipe = try WatchedPipe()
        try await OpenNumbers.withRoom(0) {
          let call = scene.begin(Parcels.echo)
          try await scene.answer(descriptors: Array(repeating: pipe.writing, count: 15)) {
            .response($0, message: Parcels.files((1...15).map { UInt8($0) }), descriptors: 15)
          }
          let error = await call.value.error
          #expect(error?.code == .resourceExhausted)
          #expect(error?.message.contains("expected 15 descriptors, got 0") == true)
          #expect(error?.origin == .local)
        }
        await pipe.untilClosed()
        let next = scene.begin(Parcels.echo)
        try await scene.answer { .response($0, message: [8, 5]) }
        #expect(await next.value.reply?.number == 5, "the connection goes on")
      }
    }
  }

  @Test func `a descriptor that comes has one number, wherever it comes to`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let pipe = try WatchedPipe()
        try scene.attacker.send(
          RawFrame.request(1, "Wait", message: Parcels.files([1]), descriptors: 1).bytes,
          descriptors: [pipe.writing])
        #expect(await scene.events.next() == .begun)
        #expect(OpenNumbers.count(of: pipe.writing) == 2)
        try scene.attacker.send(RawFrame.cancel(1).bytes)
        await pipe.untilClosed()
      }
      try await ClientScene.run { scene in
        let pipe = try WatchedPipe()
        do {
          let call = scene.begin(Parcels.echo)
          try await scene.answer(descriptors: [pipe.writing]) {
            .response($0, message: Parcels.files([1]), descriptors: 1)
          }
          #expect(await call.value.reply?.files.count == 1)
          #expect(OpenNumbers.count(of: pipe.writing) == 2)
          // The task holds its value.
          withExtendedLifetime(call) {}
        }
        await pipe.untilClosed()
      }
      try await BlockingScene.run { scene in
        let pipe = try WatchedPipe()
        do {
          async let call = scene.call(Parcels.echo)
          try await scene.answer(descriptors: [pipe.writing]) {
            .response($0, message: Parcels.files([1]), descriptors: 1)
          }
          let reply = await call.reply
          #expect(reply?.files.count == 1)
          #expect(OpenNumbers.count(of: pipe.writing) == 2)
          withExtendedLifetime(reply) {}
        }
        await pipe.untilClosed()
      }
    }
  }

  @Test func `what else a socket was told to pass is closed and takes no descriptor's room`() async
  {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let pipe = try WatchedPipe()
        // An inherited socket comes as whoever made it left it; systemd has settings for these.
        let passpidfd: Int32 = 76
        for option in [SO_PASSCRED, passpidfd, SO_PASSSEC, SO_TIMESTAMP] {
          var on: Int32 = 1
          setsockopt(scene.other, SOL_SOCKET, option, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        // Field 3, each place on its own: from 128 on a varint's second byte is 1.
        let message = (UInt8(1)...253).flatMap { place -> [UInt8] in
          place < 128 ? [0x18, place] : [0x18, place, 1]
        }
        try scene.attacker.send(
          RawFrame.request(1, "Count", message: message, descriptors: 253).bytes,
          descriptors: Array(repeating: pipe.writing, count: 253))
        let answer = try await scene.answers(1)[1]
        #expect(answer?.kind == 3, "\(answer?.text ?? "")")
        await pipe.untilClosed()
      }
    }
  }

  @Test func `places that are out of range, doubled or unnamed fail the call and close all`() async
  {
    await #expect(processExitsWith: .success) {
      let wrong: [(places: [UInt8], fault: String)] = [
        ([1, 3], "files[1]: expected a descriptor's place from 1 to 2"),
        ([1, 1], "files[1]: descriptor 1 is used by two fields"),
        ([1], "2"),
        ([], "2"),
      ]
      for (places, fault) in wrong {
        try await ServerScene.run { scene in
          let pipe = try WatchedPipe()
          try scene.attacker.send(
            RawFrame.request(1, "Count", message: Parcels.files(places), descriptors: 2).bytes,
            descriptors: [pipe.writing, pipe.writing])
          let answer = try await scene.answers(1)[1]
          #expect(answer?.code == 3, "INVALID_ARGUMENT for \(places)")
          #expect(answer?.text.contains(fault) == true, "\(places): \(answer?.text ?? "")")
          await pipe.untilClosed()
        }
        try await ClientScene.run { scene in
          let pipe = try WatchedPipe()
          let call = scene.begin(Parcels.echo)
          try await scene.answer(descriptors: [pipe.writing, pipe.writing]) {
            .response($0, message: Parcels.files(places), descriptors: 2)
          }
          #expect(await call.value.error?.code == .invalidArgument, "\(places)")
          await pipe.untilClosed()
        }
      }
    }
  }

  @Test func `a descriptor that only an unknown field may name is closed`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let pipe = try WatchedPipe()
        // Field 9, unknown to the server, holds place 1.
        try scene.attacker.send(
          RawFrame.request(1, "Count", message: [0x48, 1], descriptors: 1).bytes,
          descriptors: [pipe.writing])
        let answer = try await scene.answers(1)[1]
        #expect(answer?.kind == 3)
        await pipe.untilClosed()
      }
    }
  }

  @Test func `the descriptors of a method nobody serves are closed`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let pipe = try WatchedPipe()
        try scene.attacker.send(
          RawFrame.request(1, "Vanish", message: Parcels.files([1]), descriptors: 1).bytes,
          descriptors: [pipe.writing])
        let answer = try await scene.answers(1)[1]
        #expect(answer?.code == 12, "UNIMPLEMENTED")
        await pipe.untilClosed()
      }
    }
  }

  @Test func `the descriptors of a request that is not protobuf are closed`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let pipe = try WatchedPipe()
        try scene.attacker.send(
          RawFrame.request(1, "Count", message: Parcels.files([1]) + [0xff], descriptors: 1).bytes,
          descriptors: [pipe.writing])
        let answer = try await scene.answers(1)[1]
        #expect(answer?.code == 3, "INVALID_ARGUMENT")
        await pipe.untilClosed()
      }
    }
  }

  @Test func `descriptors stay with their own call, in whatever order calls are answered`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let names = ["zero", "one", "two"]
        let pending = names.indices.map { scene.begin(Parcels.echo, Parcel(number: UInt64($0))) }
        for request in try await scene.requests(names.count).reversed() {
          let index = try Parcel(decoding: request.message).number
          let memory = try Descriptor.memory(Array(names[Int(index)].utf8))
          try memory.withFileDescriptor {
            try scene.attacker.send(
              RawFrame.response(request.call, message: Parcels.files([1]), descriptors: 1).bytes,
              descriptors: [$0.rawValue])
          }
        }
        for (name, call) in zip(names, pending) {
          let reply = try #require(await call.value.reply)
          #expect(try reply.files[0].readTextToEnd() == name)
        }
      }
    }
  }

  @Test func `as many descriptors as a message takes arrive, and one more is refused`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let file = try Descriptor.open("/dev/null")
        let most = try await scene.bystander.call(
          Parcels.count, Parcel(files: Array(repeating: file, count: 1024)))
        #expect(most.number == 1024)
        let error = await #expect(throws: RPCError.self) {
          try await scene.bystander.call(
            Parcels.count, Parcel(files: Array(repeating: file, count: 1025)))
        }
        #expect(error?.code == .resourceExhausted)
        #expect(
          error?.message
            == "files[1024]: expected at most 1024 descriptors in one message, as the peer takes; got 1025"
        )
      }
    }
  }

  @Test func `a reply with more descriptors than a message takes becomes an error`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let error = await #expect(throws: RPCError.self) {
          try await scene.bystander.call(Parcels.open, Parcel(number: 1025))
        }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.message.hasPrefix("files[1024]: ") == true)
        #expect(error?.origin == .peer)
      }
    }
  }

  @Test func `received descriptors are not inherited by a program that is started`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        let file = try Descriptor.open("/etc/passwd")
        let reply = try await scene.bystander.call(Parcels.echo, Parcel(files: [file]))
        let isClosedOnExecution = reply.files[0].withFileDescriptor {
          fcntl($0.rawValue, F_GETFD) & FD_CLOEXEC != 0
        }
        #expect(isClosedOnExecution)
        #expect(try numbersInheritedByAProgram(named: "/etc/passwd") == 0)
      }
    }
  }

  @Test func `a descriptor that gets the number 0 is one like others`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let input = dup(0)
        let pipe = try WatchedPipe()
        try await scene.receiveZero(pipe)
        await pipe.untilClosed()
        #expect(fcntl(0, F_GETFD) == -1, "it is closed like others")
        try #require(dup2(input, 0) == 0)
        close(input)
      }
    }
  }

  @Test func `a connection's own socket is refused by the one who gets it`() async {
    await #expect(processExitsWith: .success) {
      let fault = "sockets[1]: expected a socket, got the connection's own"
      let message = Parcels.sockets([1, 2])
      try await ServerScene.run { scene in
        try scene.attacker.send(
          RawFrame.request(1, "Echo", message: message, descriptors: 2).bytes,
          descriptors: [scene.attacker.number, scene.other])
        let answer = try await scene.answers(1)[1]
        #expect(answer?.code == 3, "INVALID_ARGUMENT")
        #expect(answer?.text.contains(fault) == true)
        // The same with the descriptors ahead of the message, in a fragment.
        try scene.attacker.send(
          RawFrame(8, call: 2).with { $0.descriptors = 2 }.bytes,
          descriptors: [scene.attacker.number, scene.other])
        try scene.attacker.send(RawFrame.request(2, "Echo", message: message).bytes)
        #expect(try await scene.answers(2)[2]?.text.contains(fault) == true)
      }
      try await ClientScene.run { scene in
        let call = scene.begin(Parcels.echo)
        try await scene.answer(descriptors: [scene.attacker.number, scene.other]) {
          .response($0, message: message, descriptors: 2)
        }
        #expect(await call.value.error?.message.contains(fault) == true)
      }
      try await BlockingScene.run { scene in
        async let call = scene.call(Parcels.echo)
        try await scene.answer(descriptors: [scene.attacker.number, scene.other]) {
          .response($0, message: message, descriptors: 2)
        }
        #expect(await call.error?.message.contains(fault) == true)
      }
    }
  }

  @Test func `a connection's sockets, sent over it there and back, do not keep it alive`() async {
    await #expect(processExitsWith: .success) {
      try await ServerScene.run { scene in
        try scene.attacker.send(
          RawFrame.request(1, "Echo", message: Parcels.files([1, 2]), descriptors: 2).bytes,
          descriptors: [scene.attacker.number, scene.other])
        let answer = try await scene.answers(1)[1]
        #expect(answer?.kind == 3)
      }
    }
  }

  @Test func `a descriptor that its sender let go of is still the one that arrives`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        // The attacker does not read, so that requests wait in the client.
        let calls = try (0..<400).map { index in
          let memory = try Descriptor.memory(Array("\(index)".utf8))
          return scene.begin(Parcels.echo, Parcel(number: UInt64(index), files: [memory]))
        }
        for _ in calls {
          let packet = try #require(try await scene.attacker.receive())
          let frame = try #require(ReceivedFrame.all(in: packet.bytes).last)
          // Its last three bytes name the descriptor; without them it can be read.
          let number = try Parcel(decoding: Array(frame.message.dropLast(3))).number
          let received = try #require(packet.descriptors.first)
          let memory = Descriptor(adopting: FileDescriptor(rawValue: received))
          #expect(String(decoding: try memory.readAll(), as: UTF8.self) == "\(number)")
          try scene.attacker.send(RawFrame.response(frame.call).bytes)
        }
        for call in calls { #expect(await call.value.error == nil) }
      }
    }
  }

  @Test func `what the kernel does not pass on fails its call alone, and never leaves`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run { scene in
        let failed = scene.begin(Parcels.echo, Parcel(files: [try stale()]))
        #expect(await failed.value.error?.code == .invalidArgument)
        let next = scene.begin(Parcels.echo, Parcel(number: 7))
        let request = try #require(try await scene.requests(1).first)
        #expect(try Parcel(decoding: request.message).number == 7)
        try scene.attacker.send(RawFrame.response(request.call).bytes)
        #expect(await next.value.error == nil, "the connection goes on")
      }
      try await BlockingScene.run { scene in
        let error = await scene.call(Parcels.echo, Parcel(files: [try stale()])).error
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix("the kernel does not pass on") == true)
        async let next = scene.call(Parcels.echo, Parcel(number: 7))
        let request = try #require(try await scene.requests(1).first)
        #expect(try Parcel(decoding: request.message).number == 7)
        try scene.attacker.send(RawFrame.response(request.call).bytes)
        #expect(await next.error == nil, "the connection goes on")
      }
      let service = EchoService { _, _ in EchoMessage(files: [try stale()]) }
      try await withServer(service) { address in
        let connection = try await Connection.connect(to: Address(address))
        for (method, code) in [
          (EchoService.echo, RPCError.Code.invalidArgument), (EchoService.direct, nil),
        ] {
          do throws(RPCError) {
            _ = try await connection.call(method, EchoMessage())
            #expect(code == nil)
          } catch {
            #expect(error.code == code, "\(error)")
          }
        }
        connection.close()
      }
    }
  }

  @Test func `descriptors in flight beyond the user's limit wait or fail their call alone`() async {
    await #expect(processExitsWith: .success) {
      // The kernel counts them for users without privilege only (unix(7), ETOOMANYREFS).
      if getuid() == 0 { try #require(setgid(65534) == 0 && setuid(65534) == 0) }
      try await ClientScene.run { scene in
        let file = try Descriptor.open("/dev/null")
        let parcel = Parcel(files: Array(repeating: file, count: 60))
        let calls = try await OpenNumbers.withRoom(40) {
          // The limit lies above the numbers this process inherited, which may be many.
          let calls = (0..<OpenNumbers.limit / 60 + 9).map { _ in
            scene.begin(Parcels.echo, parcel)
          }
          // Nothing is read, so that not all of them fit; the first of those that do not gives up.
          let exhausted = await scene.first(of: calls)
          #expect(exhausted?.error?.code == .resourceExhausted)
          return calls
        }
        let server = Task { try await scene.answerAll { .response($0) } }
        for call in calls {
          let code = await call.value.error?.code
          #expect(code == nil || code == .resourceExhausted)
        }
        #expect(await scene.begin(Parcels.echo, parcel).value.error == nil, "it goes on")
        scene.client.close()
        try await server.value
      }
    }
  }
}

/// A handle whose number somebody has closed, which no other descriptor is given meanwhile.
private func stale() throws -> Descriptor {
  let number = fcntl(2, F_DUPFD_CLOEXEC, 500)
  try #require(number >= 500 && close(number) == 0)
  return Descriptor(adopting: FileDescriptor(rawValue: number))
}

extension ClientScene {
  /// Takes memory out of an answer while the number 0 is free.
  fileprivate func receiveZero(_ pipe: WatchedPipe) async throws {
    let call = begin(Parcels.echo)
    let request = try #require(try await requests(1).first)
    close(0)
    try attacker.send(
      RawFrame.response(request.call, message: Parcels.files([1]), descriptors: 1).bytes,
      descriptors: [pipe.writing])
    let file = try #require(await call.value.reply?.files.first)
    #expect(file.withFileDescriptor { $0.rawValue } == 0)
    #expect(try file.describe().kind == .pipe)
  }
}

/// How many descriptors for `path` a program finds among its own that this process starts.
private func numbersInheritedByAProgram(named path: String) throws -> Int {
  let output = try Descriptor.memory([])
  var child = pid_t()
  let result = output.withFileDescriptor { output in
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, output.rawValue, 1)
    var arguments: [UnsafeMutablePointer<CChar>?] = [
      strdup("ls"), strdup("-l"), strdup("/proc/self/fd/"), nil,
    ]
    defer { for argument in arguments { free(argument) } }
    return posix_spawn(&child, "/bin/ls", &actions, nil, &arguments, environ)
  }
  try #require(result == 0)
  var status: Int32 = 0
  waitpid(child, &status, 0)
  let listing = String(decoding: try output.readAll(), as: UTF8.self)
  #expect(listing.contains("/proc/"), "ls listed its descriptors")
  return listing.split(separator: "\n").filter { $0.hasSuffix(path) }.count
}
