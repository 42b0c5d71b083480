import Cryptography

/// The command line as Linux's EFI stub measures it: the load options that the firmware hands over, UTF-16 with a NUL.
/// Firmware that takes kernel and RAM disk from the monitor says in them where the RAM disk is.
///
/// Spec: UEFI, EFI_LOADED_IMAGE_PROTOCOL; Linux, event `LOADED_IMAGE::LoadOptions`.
package struct LinuxLoadOptions: Sendable, Equatable {
  /// SHA-384: as it stands, and with what such firmware puts behind it.
  package let digests: [[UInt8]]

  package init(_ commandLine: String) {
    digests = [commandLine, commandLine + " initrd=initrd"].map { Hash.sha384.digest(Self.text($0)) }
  }

  static func text(_ commandLine: String) -> [UInt8] {
    (Array(commandLine.utf16) + [0]).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
  }
}
