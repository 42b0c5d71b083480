import Bytes
import Testing

@testable import Measurement

/// What Linux's EFI stub measures of a command line. The digests are those of Python's hashlib over its UTF-16.
@Suite struct LinuxLoadOptionsTests {
  @Test func theLoadOptionsAreUTF16WithANUL() {
    #expect(LinuxLoadOptions.text("a\u{e9}") == [0x61, 0, 0xE9, 0, 0, 0])
    #expect(LinuxLoadOptions.text("") == [0, 0])
    #expect(
      LinuxLoadOptions("quiet").digests.map { Hex.encode($0) } == [
        "fe2fa536197ffaac159deeb10a26ff0273b357458adfc94bc682dcc3c75cd416f75aaa300bab365190c8cc39bc35b9cc",
        "930fe4e554e48169d25b95a142826ffdf4ab2131c131da2671d31c9bc6b128021e7045335beb7bd7bb978c67242644e5",
      ])
  }
}
