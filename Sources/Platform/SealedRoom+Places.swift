import Glibc

extension SealedRoom {
  /// Something in the room's view of the file system.
  package struct Place: Equatable, Sendable {
    package enum Kind: Int32, Sendable {
      /// A file or directory, read-only; left out when it is not there.
      case read = 1
      /// A directory, read-only, in which no program can be started.
      case data
      /// A directory to write to, in which no program can be started.
      case write
      case device
      /// An empty memory file system.
      case memory
      /// `/proc` of the room's processes.
      case processes
      /// A file of `source`'s text.
      case text
      /// A symbolic link to `source`.
      case link
    }

    let kind: Kind
    let source: String
    let target: String
    let options: String

    private init(_ kind: Kind, _ source: String, at target: String, options: String = "") {
      self.kind = kind
      self.source = source
      self.target = target
      self.options = options
    }

    /// What is at `path` outside, at the same path inside.
    package static func outside(_ path: String, _ kind: Kind) -> Place { Place(kind, path, at: path) }

    /// A memory file system that is the child's alone.
    /// - Parameter limitBytes: what it holds at most.
    package static func memory(_ path: String, limitBytes: Int) -> Place {
      Place(.memory, "", at: path, options: "mode=0700,size=\(limitBytes)")
    }

    package static func text(_ text: String, at path: String) -> Place { Place(.text, text, at: path) }
    package static func link(to path: String, at target: String) -> Place { Place(.link, path, at: target) }
    package static let processes = Place(.processes, "", at: "/proc")
  }

  /// Where programs and libraries of a Linux system lie, and what a C library looks for; not one file that is about this
  /// machine, its users or its network.
  package static let systemFolders = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"]
  private static let systemFiles = [
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime",
    "/etc/mime.types",
    "/sys/devices/system/cpu", "/sys/devices/system/node",
  ]
  private static let devices = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"]

  /// The places that any program needs.
  /// - Parameters:
  ///   - scratchBytes: what `/tmp`, and again `/dev/shm`, hold at most.
  ///   - name: of the user, for a program that asks.
  package static func basicPlaces(
    user: UInt32, group: UInt32, scratchBytes: Int, withProcesses: Bool, name: String
  ) -> [Place] {
    let accounts = "\(name):x:\(user):\(group)::/tmp:/bin/false\n"
    return (systemFolders + systemFiles).map { .outside($0, .read) } + devices.map { .outside($0, .device) } + [
      .text(accounts, at: "/etc/passwd"), .text("\(name):x:\(group):\n", at: "/etc/group"),
      .text("127.0.0.1 localhost\n::1 localhost\n", at: "/etc/hosts"),
      .text("hosts: files\n", at: "/etc/nsswitch.conf"),
      .link(to: "/proc/self/fd", at: "/dev/fd"), .link(to: "/proc/self/fd/0", at: "/dev/stdin"),
      .link(to: "/proc/self/fd/1", at: "/dev/stdout"), .link(to: "/proc/self/fd/2", at: "/dev/stderr"),
      .memory("/tmp", limitBytes: scratchBytes),
      .memory("/dev/shm", limitBytes: scratchBytes),
    ] + (withProcesses ? [.processes] : [])
  }

  /// Whether a path lies in one of the places that show what is outside.
  package func shows(_ path: String) -> Bool {
    !walls.contains(.files)
      || places.contains { [.read, .data, .write].contains($0.kind) && (path + "/").hasPrefix($0.target + "/") }
  }
}
