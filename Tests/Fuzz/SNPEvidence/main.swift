import Bytes
import Evidence
import FuzzDriver

// Reports raw and with a certificate table, and the protocol's JSON: what is read, is written and read as the same.
// A table may hold its data in any order and with gaps, so two tables may mean the same; a report has one form only.
fuzz { input in
  if let evidence = try? SNPEvidence(raw: input) {
    precondition(evidence.reportBytes == Array(input.prefix(SNPReport.byteCount)), "the report is not its own bytes")
    let again = try? SNPEvidence(raw: evidence.extendedBytes)
    precondition(again?.report == evidence.report, "written and read again, the report differs")
    precondition(evidence.certificates.count > 15 || again == evidence, "written and read again, the table differs")
  }
  if let value = try? StrictJSON.parse(input, limits: .evidence), let evidence = try? SNPEvidence(kbsJSON: value) {
    let again = try? SNPEvidence(kbsJSON: evidence.kbsJSON)
    precondition(again?.report.bytes == evidence.report.bytes, "written and read again, the JSON differs")
  }
  _ = try? UnverifiedEvidence.parse(bytes: input)
}
