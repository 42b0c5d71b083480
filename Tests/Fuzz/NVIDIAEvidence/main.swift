import Bytes
import Evidence
import FuzzDriver

// The protocol's JSON of GPUs: what is read, is written and read as the same.
fuzz { input in
  guard let value = try? StrictJSON.parse(input, limits: .evidence), let evidence = try? NVIDIAEvidence(kbsJSON: value)
  else { return }
  precondition(
    !evidence.devices.isEmpty && evidence.devices.count <= NVIDIAEvidence.deviceLimit, "no or too many devices")
  let again = try? NVIDIAEvidence(kbsJSON: evidence.kbsJSON)
  precondition(again?.devices.map(\.report.bytes) == evidence.devices.map(\.report.bytes), "the reports differ")
  precondition(
    again?.devices.map(\.certificateChain) == evidence.devices.map(\.certificateChain), "the certificates differ")
}
