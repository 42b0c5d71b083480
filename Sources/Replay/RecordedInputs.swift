package import Appraisal
package import Bytes
import Cryptography
package import Evidence
import KBSProtocol
package import Verification

/// An evidence record with every blob that it names, ready to be judged: nothing else is looked at.
package struct RecordedInputs: Sendable {
  package let record: StoredAttestation
  package let digest: [UInt8]
  package let evidence: UnverifiedEvidence
  /// The GPUs that came along.
  package let devices: NVIDIAEvidence?
  package let binding: Binding
  package let endorsements: Endorsements
  package let anchors: Anchors
  let teePublicKey: JWK?
  /// As the pod said them.
  let waivedWalls: [String]

  /// - Throws: `MissingBlob`, `ReplayError`.
  package init(_ digest: [UInt8], _ blobs: inout some BlobSource) async throws {
    let bytes = try await blobs.required(digest, "evidence")
    self.digest = digest
    do throws(ParseError) { record = try StoredAttestation(parsing: bytes) } catch {
      throw ReplayError.malformed(what: "evidence", error)
    }
    (evidence, devices, binding, teePublicKey, waivedWalls) = try Self.read(record)
    var carriers: [[UInt8]] = []
    for carrier in record.collateral { carriers.append(try await blobs.required(carrier.digest, "collateral")) }
    endorsements = Endorsements(recognising: carriers)
    anchors = try await Self.anchors(record.anchors, &blobs)
  }

  /// The claims, or the refusal, at the time and under the floors of the record, with the graces of those values.
  package func verified(under values: ReferenceValues) -> Result<Claims, Refusal> {
    let graces = values.activeGraces(at: record.verifiedAt).map(\.grace)
    return verified(with: endorsements, at: record.verifiedAt, graces: graces)
  }

  /// As if other carriers had been at hand at another time.
  package func verified(
    with endorsements: Endorsements, at time: Timestamp, graces: [CollateralGrace] = []
  ) -> Result<Claims, Refusal> {
    verify(
      evidence, devices: devices, with: endorsements, binding: binding, anchors: anchors, at: time,
      floors: record.floors, graces: graces)
  }

  private static func read(
    _ record: StoredAttestation
  ) throws -> (UnverifiedEvidence, NVIDIAEvidence?, Binding, JWK?, [String]) {
    switch record.input {
    case .evidence(let bytes, let binding):
      do throws(EvidenceError) {
        return (try UnverifiedEvidence.parse(bytes: bytes, tee: record.tee), nil, binding, nil, [])
      } catch { throw ReplayError.malformed(what: "evidence", ParseError("record.evidence", .unexpected)) }
    case .request(let body, let version, let nonce):
      let message: AttestationMessage
      let reportDigest: [UInt8]
      let evidence: UnverifiedEvidence
      let devices: NVIDIAEvidence?
      let deviceDigest: [UInt8]
      do {
        message = try AttestationMessage(parsing: body, version: version)
        reportDigest = try message.primaryDigest(answering: nonce)
        evidence = try UnverifiedEvidence.parse(tee: record.tee, kbsJSON: message.primaryEvidence)
        devices = try Self.devices(message)
        deviceDigest = try message.runtimeData(answering: nonce).digest(.device)
      } catch { throw ReplayError.malformed(what: "evidence", ParseError("record.request", .unexpected)) }
      guard message.initData?.body == record.initData else {
        throw ReplayError.malformed(what: "evidence", ParseError("record.init_data", .unexpected))
      }
      // HOST_DATA of SEV-SNP has 32 bytes, MRCONFIGID of TDX 48.
      let field = message.initData?.fieldValue(byteCount: record.tee == .tdx ? 48 : 32)
      let binding = Binding(runtimeDigest: reportDigest, hostData: field, deviceDigest: deviceDigest)
      return (evidence, devices, binding, message.teePublicKey, message.waivedWalls)
    }
  }

  /// - Throws: for devices that no broker takes.
  private static func devices(_ message: AttestationMessage) throws -> NVIDIAEvidence? {
    var found: NVIDIAEvidence?
    for (tee, evidence) in try message.additionalDevices() {
      guard tee == .nvidia else { throw ParseError("record.request", .unexpected) }
      found = try NVIDIAEvidence(kbsJSON: evidence)
    }
    return found
  }

  private static func anchors(_ digest: [UInt8]?, _ blobs: inout some BlobSource) async throws -> Anchors {
    guard let digest else { return .builtIn }
    let bytes = try await blobs.required(digest, "anchors")
    var anchors = Anchors.builtIn
    do throws(ParseError) {
      guard let files = try StrictJSON.parse(bytes).arrayValue else { throw ParseError("anchors", .wrongType) }
      for file in files { anchors = anchors.adding(try Anchors.parseFile(CanonicalJSON.encode(file))) }
    } catch { throw ReplayError.malformed(what: "anchors", error) }
    return anchors
  }
}
