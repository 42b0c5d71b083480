import Testing

@testable import Platform

/// A machine that is made up: the kernel's files below a folder.
@Suite struct NodeSurveyTests {
  private let scratch = Scratch()
  private let absent = "/nonexistent/libnvidia-ml.so.1"

  private func survey() -> NodeSurvey { NodeSurvey(root: scratch.path, gpuLibrary: absent) { "token" } }

  private func folders(_ paths: String...) throws {
    for path in paths {
      var made = scratch.path
      for part in path.split(separator: "/") {
        made += "/\(part)"
        if !SmallFile.exists(made) { try SmallFile.makeFolder(made, mode: 0o700) }
      }
    }
  }

  @Test func anEmptyMachineHasNothing() {
    let found = survey()
    #expect(found.processorFlags.isEmpty && found.devices.isEmpty)
    #expect(found.reports == .absent)
    #expect(found.gpus == .noLibrary && found.gpusOnBus == nil)
    #expect(found.memory == nil && found.hasSwap == nil)
  }

  @Test func theProcessorsFlagsAreThoseOfConfidentialComputing() throws {
    try folders("proc")
    scratch.file("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu sse hypervisor tdx_guest\n\nflags\t\t: sev_snp\n")
    #expect(survey().processorFlags == ["hypervisor", "tdx_guest"])
  }

  @Test func memoryAndSwapAreWhatTheKernelSays() throws {
    try folders("proc")
    scratch.file("proc/meminfo", "MemTotal:       1000 kB\nMemFree: 3 kB\nMemAvailable:    600 kB\n")
    scratch.file("proc/swaps", "Filename Type Size\n/dev/sda2 partition 9\n")
    let found = survey()
    #expect(found.memory?.total == 1_024_000 && found.memory?.available == 614_400)
    #expect(found.hasSwap == true)
    scratch.file("proc/swaps", "Filename Type Size\n")
    #expect(survey().hasSwap == false)
  }

  @Test func devicesAndReportsAreFound() throws {
    try folders("dev", "sys/kernel/config/tsm/report")
    scratch.file("dev/sev-guest", "")
    let found = survey()
    #expect(found.devices == ["sev-guest"])
    // A plain folder is there and names no provider.
    #expect(found.reports == .absent)
    #expect(!SmallFile.exists("\(scratch.path)/sys/kernel/config/tsm/report/vouchsafe-token"))
  }

  @Test func aBusShowsGPUsThatNoDriverHas() throws {
    for (name, vendor, kind) in [("a", "0x10de", "0x030200"), ("b", "0x10de", "0x068000"), ("c", "0x8086", "0x030000")]
    {
      try folders("sys/bus/pci/devices/\(name)")
      scratch.file("sys/bus/pci/devices/\(name)/vendor", "\(vendor)\n")
      scratch.file("sys/bus/pci/devices/\(name)/class", "\(kind)\n")
    }
    #expect(survey().gpusOnBus == 1)
    #expect(survey().gpus == .noLibrary)
  }
}
