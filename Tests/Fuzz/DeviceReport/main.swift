import Evidence
import FuzzDriver

// What a device measured, as it stands: every part lies within it, and padding is no part of it.
fuzz { input in
  guard let report = try? DeviceReport(input) else { return }
  precondition(report.bytes + [UInt8](repeating: 0, count: report.paddingCount) == input, "the report is not its bytes")
  precondition(
    report.signedBytes + report.signature == report.bytes[...], "signed part and signature are not the report")
  precondition(report.measurements.allSatisfy { $0.count == 48 }, "a measurement of another size")
  precondition((try? DeviceReport(report.bytes))?.measurements == report.measurements, "read again, it differs")
}
