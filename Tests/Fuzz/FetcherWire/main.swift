import Collateral
import FuzzDriver

// Whatever may come over the fetcher's socket, to either end: what is read is read again as the same from its own line.
fuzz { input in
  if let request = try? FetcherRequest(parsing: input) {
    let again = try? FetcherRequest(parsing: request.line)
    precondition(again == request, "a request changed on its way")
  }
  if let answer = try? FetcherAnswer(parsing: input) {
    let again = try? FetcherAnswer(parsing: answer.line)
    precondition(again == answer, "an answer changed on its way")
  }
}
