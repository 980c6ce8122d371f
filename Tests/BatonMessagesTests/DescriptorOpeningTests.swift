import BatonMessages
import CKernelObjects
import Glibc
import SystemPackage
import Testing

@Suite struct DescriptorOpeningTests {
  private func opened(
    _ name: FilePath, beneath directory: FilePath, options: Descriptor.OpenOptions = []
  ) throws -> Descriptor {
    try .open(name, beneath: .open(directory, options: .directory), options: options)
  }

  @Test func `options are the kernel's`() throws {
    try withTemporaryDirectory { directory in
      let path = directory.appending("file")
      #expect(throws: Errno.noSuchFileOrDirectory) { try Descriptor.open(path) }
      let file = try Descriptor.open(path, access: .writeOnly, options: [.create, .exclusive])
      try file.write([1, 2], at: 0)
      #expect(throws: Errno.fileExists) {
        try Descriptor.open(path, access: .writeOnly, options: [.create, .exclusive])
      }
      #expect(throws: Errno.notDirectory) { try Descriptor.open(path, options: .directory) }
      #expect(try Descriptor.open(path).readAll() == [1, 2])
      _ = try Descriptor.open(path, access: .writeOnly, options: .truncate)
      #expect(try Descriptor.open(path).readAll() == [])
      #expect(symlink("file", "\(directory)/link") == 0)
      let link = directory.appending("link")
      #expect(throws: Errno.tooManySymbolicLinkLevels) {
        try Descriptor.open(link, options: .noFollow)
      }
      let name = try Descriptor.open(link, options: [.noFollow, .pathOnly])
      #expect(try name.describe().kind == .pathOnly)
    }
  }

  @Test func `a file is created with the permissions that were asked for`() throws {
    try withTemporaryDirectory { path in
      let directory = try Descriptor.open(path, options: .directory)
      for (name, beneath): (FilePath, Bool) in [("one", false), ("two", true)] {
        if beneath {
          _ = try Descriptor.open(
            name, beneath: directory, access: .writeOnly, options: .create, permissions: .ownerRead)
        } else {
          _ = try Descriptor.open(
            path.pushing(name), access: .writeOnly, options: .create, permissions: .ownerRead)
        }
        var status = stat()
        #expect(stat(path.pushing(name).string, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o400)
      }
    }
  }

  @Test func `a path below the directory opens, links and dots inside included`() throws {
    try withTemporaryDirectory { directory in
      #expect(mkdir("\(directory)/inner", 0o700) == 0)
      try Descriptor.open(directory.appending("file"), access: .writeOnly, options: .create)
        .write([5], at: 0)
      #expect(symlink("../file", "\(directory)/inner/link") == 0)
      for name: FilePath in ["file", "./inner/../file", "inner/link"] {
        #expect(try opened(name, beneath: directory).readAll() == [5])
      }
      let root = try Descriptor.open(directory, options: [.directory, .pathOnly])
      #expect(try Descriptor.open("file", beneath: root).readAll() == [5])
    }
  }

  @Test func `a path that leads out is refused`() throws {
    try withTemporaryDirectory { directory in
      #expect(symlink("/etc/passwd", "\(directory)/absolute") == 0)
      #expect(symlink("..", "\(directory)/up") == 0)
      for name: FilePath in ["/etc/passwd", "..", "../", "absolute", "up", "up/up/etc/passwd"] {
        #expect(throws: Errno.improperLink, "\(name)") {
          try opened(name, beneath: directory)
        }
      }
    }
  }

  @Test func `a magic link is refused`() throws {
    #expect(throws: Errno.tooManySymbolicLinkLevels) {
      try opened("self/fd/0", beneath: "/proc")
    }
  }

  @Test func `what is missing, and what is no directory, says so`() throws {
    try withTemporaryDirectory { directory in
      #expect(throws: Errno.noSuchFileOrDirectory) { try opened("none", beneath: directory) }
      let memory = try Descriptor.memory()
      #expect(throws: Errno.notDirectory) { try Descriptor.open("none", beneath: memory) }
    }
  }

  @Test func `a FIFO below the directory does not keep a non-blocking opener waiting`() throws {
    try withTemporaryDirectory { directory in
      #expect(directory.appending("fifo").withPlatformString(make_fifo) == 0)
      let fifo = try opened("fifo", beneath: directory, options: .nonBlocking)
      #expect(try fifo.describe().kind == .pipe)
    }
  }
}
