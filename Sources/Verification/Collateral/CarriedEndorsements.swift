import Bytes
import Cryptography
package import Evidence

/// Whose platform a quote's own certificates say it is. Unverified: enough to know what to fetch.
package struct QuotedPlatform: Sendable, Hashable {
  package let fmspc: [UInt8]
  package let authority: IntelPlatformAuthority

  /// `nil` when the certificates of the quote cannot be read.
  package init?(_ quote: TDXQuote) {
    guard let pck = try? CarriedChain(quote.certificationData).pck,
      let authority = IntelPlatformAuthority.allCases.first(where: {
        $0.commonName == pck.certificate.issuer.commonName
      })
    else { return nil }
    fmspc = pck.fmspc
    self.authority = authority
  }
}

/// What the certificates that came with a report say they are. Unverified: enough to know what is missing.
package struct CarriedEndorsements: Sendable, Equatable {
  package let subjects: [CollateralSubject]

  package init(_ evidence: SNPEvidence) {
    subjects = evidence.certificates.compactMap { carried in
      (try? Certificate(der: carried.der)).map { CollateralArtefact.certificate($0).subject }
    }
  }
}
