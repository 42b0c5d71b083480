import Bytes
import Glibc
import Platform

@testable import Agent

/// GPUs that are made up: a copy of the stub library with its answers beside it, and a bus that shows as many.
final class StubGPUs {
  let folder: String
  private let tree: FileTree

  var library: String { "\(folder)/libnvidia-ml.so.1" }
  var bus: String { "\(folder)/bus" }

  init(count: Int = 2) throws {
    var template = Array("/dev/shm/vouchsafe-gpus-XXXXXX".utf8CString)
    folder = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) } ?? ""
    }
    tree = try FileTree.open(folder)
    let built = RunningProgram.agentPath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
    let bytes = try SmallFile.read("\(built)/libNVMLStub.so", limitBytes: 1 << 24)
    try SmallFile.create(library, bytes)
    set("count", "\(count)")
    for index in 0..<count { set("chain-\(index)", "certificates of \(index)") }
    try showOnBus(count)
  }

  deinit { try? FileTree.open("/dev/shm").remove(String(folder.dropFirst("/dev/shm/".count))) }

  func set(_ name: String, _ text: String) { try? SmallFile.overwrite("\(folder)/\(name)", Array(text.utf8)) }

  /// What the setter of the ready state was asked, one word each.
  var calls: [String] {
    let bytes = (try? SmallFile.read("\(folder)/calls", limitBytes: 1 << 16)) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  var isReady: Bool { (try? SmallFile.read("\(folder)/ready", limitBytes: 16)).map { $0.first == 0x31 } ?? false }

  private func showOnBus(_ count: Int) throws {
    let bus = try tree.createDirectory("bus")
    func put(_ name: String, _ vendor: String, _ kind: String) throws {
      _ = try bus.createDirectory(name)
      try SmallFile.overwrite("\(self.bus)/\(name)/vendor", Array("\(vendor)\n".utf8))
      try SmallFile.overwrite("\(self.bus)/\(name)/class", Array("\(kind)\n".utf8))
    }
    try put("0000:00:00.0", "0x8086", "0x060000")
    try put("0000:00:01.0", "0x10de", "0x068000")
    try put("0000:00:02.0", "0x1234", "0x030000")
    for index in 0..<count { try put("0000:0\(index + 1):00.0", "0x10de", "0x030200") }
  }

  func addToBus(_ name: String) throws {
    _ = try FileTree.open(bus).createDirectory(name)
    set("bus/\(name)/vendor", "0x10de\n")
    set("bus/\(name)/class", "0x030000\n")
  }

  func gate(acceptingReadyGPUs: Bool = false) throws -> GPUGate {
    GPUGate(try NVML(library: library), busPath: bus, acceptingReadyGPUs: acceptingReadyGPUs)
  }
}
