package import Bytes
import Cryptography
package import Verification

extension CollateralRecord {
  /// The artefacts of a bag under their keys, each with what in the bag helps to prove it; what belongs to no key comes
  /// along with the others. Of several artefacts of one key all are given.
  ///
  /// - Parameter source: of an artefact, as people see it.
  package static func records(
    of artefacts: [CollateralArtefact], fetchedAt: Timestamp, source: String
  ) -> [CollateralRecord] {
    let certificates = artefacts.flatMap { artefact -> [Certificate] in
      switch artefact {
      case .certificate(let certificate): [certificate]
      case .manifest(let document): RevocationQuestions(document).issuers
      default: []
      }
    }
    var seen = Set<CollateralArtefact>()
    return artefacts.flatMap { artefact -> [CollateralRecord] in
      guard seen.insert(artefact).inserted, let key = CollateralKey(artefact.subject),
        let body = KeptForm.body(artefact, issuers: certificates), body.count <= bodyLimit
      else { return [] }
      return key.withTwins.map {
        CollateralRecord(key: $0, body: body, fetchedAt: fetchedAt, source: source)
      }
    }
  }
}
