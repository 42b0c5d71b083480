import Bytes

extension NVIDIAClaims: ProvedStatement {
  /// What the strict rule finds in devices: a GPU that cannot say which firmware signed.
  var strictFindings: [StrictFinding] {
    devices.enumerated().compactMap { index, device in
      guard !device.family.isSwitch, device.firmwareID == nil else { return nil }
      let refusal = Refusal(
        .firmwareIDMissing, "device[\(index)].firmwareID", got: "none",
        wanted: "one in the report that its certificate names", genuine: true)
      return (.firmwareID, refusal)
    }
  }
}
