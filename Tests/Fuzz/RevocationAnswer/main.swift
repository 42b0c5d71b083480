import Cryptography
import FuzzDriver

// A responder's answer goes through libcrypto: it is all of its bytes, and it says the same when it is read again.
fuzz { input in
  guard let answer = try? RevocationAnswer(der: input) else { return }
  precondition(answer.der == input, "an answer that is not all of its bytes")
  let again = try? RevocationAnswer(der: answer.der)
  precondition(again?.serialNumber == answer.serialNumber && again?.status == answer.status, "read again, it differs")
  precondition(again?.thisUpdate == answer.thisUpdate && again?.nextUpdate == answer.nextUpdate, "its dates differ")
}
