package import Fetch

/// Why a sealed model could not be read from where it lies.
package enum StoreError: Error, Equatable, Sendable {
  /// The text that names the place, and what is wrong with it: a sentence of our own.
  case location(String)
  /// No answer, time after time.
  case noAnswer(FetchError)
  /// The server has nothing of that name.
  case notFound
  /// The server does not let us read, with what credentials there are.
  case notPermitted
  /// An answer with a status that is neither the bytes nor worth another try.
  case status(Int)
  /// Another part of the object than was asked for, another length, or an encoding of it.
  case otherRange
  /// The answer is larger than it may be.
  case tooLarge
  /// The server sent somebody else's address that is not followed.
  case redirect
  /// Credentials that cannot be read or exchanged: a sentence of our own.
  case credentials(String)
  /// A registry's answer that is not what its protocol says.
  case malformedAnswer

  package var code: String {
    switch self {
    case .location: "storeLocation"
    case .noAnswer(let error): "store.\(error.code)"
    case .notFound: "storeNotFound"
    case .notPermitted: "storeNotPermitted"
    case .status: "storeStatus"
    case .otherRange: "storeOtherRange"
    case .tooLarge: "storeTooLarge"
    case .redirect: "storeRedirect"
    case .credentials: "storeCredentials"
    case .malformedAnswer: "storeMalformedAnswer"
    }
  }
}

extension StoreError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .location(let problem): problem
    case .noAnswer(let error): "the store gave no answer (\(error.code))"
    case .notFound: "the store has nothing of that name"
    case .notPermitted: "the store does not permit reading; check the credentials"
    case .status(let status): "the store answered with status \(status)"
    case .otherRange: "the store gave another part of the object than was asked for"
    case .tooLarge: "the store's answer is larger than it may be"
    case .redirect: "the store redirects to where it may not"
    case .credentials(let problem): problem
    case .malformedAnswer: "the registry's answer is malformed"
    }
  }
}
