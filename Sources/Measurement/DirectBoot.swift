import Bytes
import Cryptography

/// What a monitor hands to firmware beside it: kernel, initial RAM disk and command line, by their digests.
package struct DirectBoot: Sendable, Equatable {
  /// SHA-256 each; an absent RAM disk is an empty one, and the command line ends in a NUL.
  let kernel: [UInt8]
  let initrd: [UInt8]
  let commandLine: [UInt8]

  /// - Throws: `.malformed` for a command line with a NUL in it.
  package init(kernel: [UInt8], initrd: [UInt8], commandLine: String) throws(MeasurementError) {
    let text = Array(commandLine.utf8)
    guard !text.contains(0) else { throw .malformed(ParseError("commandLine", .unexpected)) }
    self.kernel = Hash.sha256.digest(kernel)
    self.initrd = Hash.sha256.digest(initrd)
    self.commandLine = Hash.sha256.digest(text + [0])
  }

  /// The table of digests as the monitor writes it: a header and three entries, each GUID, u16 length, content; filled to a
  /// multiple of 16. Spec: QEMU, SEV kernel hashes.
  var table: [UInt8] {
    let entries = [(Self.commandLineEntry, commandLine), (Self.initrdEntry, initrd), (Self.kernelEntry, kernel)]
    let header = 18
    var table = ByteWriter()
    table.append(Self.tableHeader.bytes)
    table.littleEndian(UInt16(header + entries.count * (header + 32)))
    for (guid, digest) in entries {
      table.append(guid.bytes)
      table.littleEndian(UInt16(header + digest.count))
      table.append(digest)
    }
    table.zeros((16 - table.bytes.count % 16) % 16)
    return table.bytes
  }

  private static let tableHeader = FirmwareGUID("9438d606-4f22-4cc9-b479-a793d411fd21")
  private static let kernelEntry = FirmwareGUID("4de79437-abd2-427f-b835-d5b172d2045b")
  private static let initrdEntry = FirmwareGUID("44baf731-3a2f-4bd7-9af1-41e29169781d")
  private static let commandLineEntry = FirmwareGUID("97d02dd8-bd20-4c94-aa78-e7714d36ab2a")
}
