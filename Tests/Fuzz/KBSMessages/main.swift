import Bytes
import FuzzDriver
import KBSProtocol

// What a stranger sends to a broker and what a broker answers: read, written and read again it is the same.
fuzz { input in
  if let request = try? KBSRequest(parsing: input) {
    precondition((try? KBSRequest(parsing: request.encoded())) == request, "the request differs")
  }
  for version in [ProtocolVersion.v0_4_0, .v0_2_0] {
    guard let message = try? AttestationMessage(parsing: input, version: version) else { continue }
    let again = try? AttestationMessage(parsing: message.encoded(), version: version)
    precondition(again == message, "the attestation differs")
    _ = try? message.primaryDigest(answering: "nonce")
    _ = try? message.additionalDevices()
  }
  if let challenge = try? Challenge(parsing: input) {
    precondition((try? Challenge(parsing: challenge.encoded()))?.nonce == challenge.nonce, "the challenge differs")
  }
  if let error = try? ErrorBody(parsing: input) {
    precondition((try? ErrorBody(parsing: error.encoded())) == error, "the error differs")
  }
  _ = try? AttestationResponse(parsing: input)
  let text = String(decoding: input, as: UTF8.self)
  _ = try? InitData(toml: text)
  if let path = try? ResourcePath(text) { precondition(path.text == text, "a path with two forms") }
  for value in CookieHeader.values(in: text) { _ = try? SessionCookie.keyID(of: value) }
}
