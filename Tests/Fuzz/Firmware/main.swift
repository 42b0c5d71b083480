import Bytes
import FuzzDriver
import Measurement

// Firmware images and EFI programs: whatever is read is measured, and measured the same again. The input also stands for
// the end of an image, because that is where firmware describes itself.
fuzz { input in
  if let image = try? PortableExecutable(input) { precondition(image.digest == image.digest, "two digests") }
  let padding = (4096 - input.count % 4096) % 4096
  let bytes = [UInt8](repeating: 0, count: padding) + input
  guard let firmware = try? FirmwareImage(bytes), let processor = try? VirtualProcessor(named: "EPYC-Milan") else {
    return
  }
  for monitor in GuestMonitor.allCases {
    let boot = try? DirectBoot(kernel: input, initrd: [], commandLine: "")
    for boot in [nil, boot] {
      let launch = try? SNPLaunch(
        firmware: firmware, processorCount: 2, processor: processor, monitor: monitor, boot: boot)
      if let digest = try? launch?.digest() { precondition(digest.count == 48, "a digest of another length") }
    }
  }
  if input.count <= 1 << 16, let value = try? TDXBuild(firmware: firmware).mrTD() {
    precondition(value.count == 48, "a measurement of another length")
  }
}
