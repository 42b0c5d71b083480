/// What the evidence must have been made for: this session's nonce and key, and the init-data that was sent along.
package struct Binding: Sendable, Equatable {
  /// 64 bytes, compared in full.
  package let reportData: [UInt8]
  /// The digest of init-data that came in plain text, as the technology's field holds it: 32 bytes for HOST_DATA, 48 for
  /// MRCONFIGID; `nil` when none came.
  package let hostData: [UInt8]?

  /// What the reports of devices must answer: 32 bytes; `nil` when no device may come along.
  package let deviceNonce: [UInt8]?

  package init(reportData: [UInt8], hostData: [UInt8]? = nil, deviceNonce: [UInt8]? = nil) {
    self.reportData = reportData
    self.hostData = hostData
    self.deviceNonce = deviceNonce
  }

  /// The binding of a KBS runtime-data digest: 48 bytes and 16 zeros. Spec: KBS protocol, runtime data.
  /// The digest for devices is cut to the 32 bytes that their nonce has.
  package init(runtimeDigest: [UInt8], hostData: [UInt8]? = nil, deviceDigest: [UInt8]? = nil) {
    self.init(
      reportData: runtimeDigest + [UInt8](repeating: 0, count: max(0, 64 - runtimeDigest.count)), hostData: hostData,
      deviceNonce: deviceDigest.map { Array($0.prefix(32)) })
  }
}
