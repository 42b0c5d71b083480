import FuzzDriver
import TransparencyLog

// What a log asks a witness and what a witness answers. A request has one form.
fuzz { input in
  if let request = try? WitnessRequest(parsing: input) {
    precondition(request.bytes == input, "a request with two forms")
    precondition(request.proof.count <= WitnessRequest.limitHashes, "too many hashes")
  }
  for status in [200, 409, 422] { _ = try? WitnessAnswer(status: status, body: input) }
}
