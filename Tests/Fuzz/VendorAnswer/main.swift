import Bytes
import Collateral
import FuzzDriver
import Verification

// Whatever a server may answer: a line with the question's key, one with the status, headers up to an empty line, a body.
// What is taken for an answer is kept in a form in which it is the same answer again.
fuzz { input in
  let lines = input.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
  guard lines.count == 3, let key = try? CollateralKey(text: String(decoding: lines[0], as: UTF8.self)),
    let status = Int(String(decoding: lines[1], as: UTF8.self))
  else { return }
  var headers: [(name: String, value: String)] = []
  var rest = lines[2]
  while let end = rest.firstIndex(of: 0x0A) {
    let line = rest[..<end]
    rest = rest[rest.index(after: end)...]
    if line.isEmpty { break }
    let parts = line.split(separator: 0x3A, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return }
    let value = parts[1].drop { $0 == 0x20 }
    headers.append((String(decoding: parts[0], as: UTF8.self), String(decoding: value, as: UTF8.self)))
  }
  let request = VendorEndpoints.vendors.request(for: key)
  let response = VendorResponse(status: status, headers: headers, body: Array(rest))
  guard let record = try? response.record(for: request, at: 1_790_000_000) else { return }
  let artefacts = Set(CollateralArtefact.all(in: record.body).filter { key.isAnswered(by: $0.subject) })
  precondition(artefacts.count == 1, "what is kept is another answer than what came")
}
