package import Bytes
package import Cryptography
package import Fetch
package import KBSProtocol

/// One request and its answer; a value, so that a test can stand in for the network.
package typealias Exchange = @Sendable (FetchRequest) async throws(FetchError) -> FetchResponse

/// Evidence and keys from CoCo's api-server-rest, which runs in the same guest. Spec: kbs-protocol §7.1.
package struct GuestComponents: EvidenceSource {
  private static let evidenceLimitBytes = 8 << 20
  private static let keyLimitBytes = 1 << 16

  private let url: String
  private let send: Exchange

  package init(url: String, send: @escaping Exchange) {
    self.url = url
    self.send = send
  }

  /// Whether the URL is of this guest's loopback interface and nothing else.
  package static func isLoopback(_ url: String) -> Bool {
    guard url.hasPrefix("http://127.0.0.1:") else { return false }
    return UInt16(url.dropFirst("http://127.0.0.1:".count)).map { $0 > 0 } ?? false
  }

  package func tee() async throws(AgentError) -> TEEName {
    let body = try await get("/info", limitBytes: 1 << 16)
    guard let info = try? StrictJSON.parse(body), let text = info["tee"]?.stringValue,
      let name = try? TEEName(parsing: text)
    else { throw .noEvidence(.guestComponentsMalformed) }
    // A guest without a TEE attests as "sample" without a word.
    guard !name.isSample else { throw .noEvidence(.noTEE) }
    return name
  }

  package func additionalEvidence(_ digest: [UInt8]) async throws(AgentError) -> String {
    let body = try await get("/aa/additional-evidence?\(Self.query(digest))", limitBytes: Self.evidenceLimitBytes)
    guard !body.isEmpty else { return "" }
    guard let text = String(validating: body, as: UTF8.self),
      let document = try? StrictJSON.parse(body, limits: .evidence), let object = document.objectValue
    else { throw .noEvidence(.guestComponentsMalformed) }
    return object.members.isEmpty ? "" : text
  }

  package func primaryEvidence(_ digest: [UInt8]) async throws(AgentError) -> JSONValue {
    let body = try await get("/aa/evidence?\(Self.query(digest))", limitBytes: Self.evidenceLimitBytes)
    guard let evidence = try? StrictJSON.parse(body, limits: .evidence), evidence.objectValue != nil else {
      throw .noEvidence(.guestComponentsMalformed)
    }
    return evidence
  }

  /// A resource that the guest components fetch by their own attestation, in clear: nothing proves its logging.
  package func resource(_ path: ResourcePath) async throws(AgentError) -> SecretBytes {
    var body = try await get("/cdh/resource/\(path.text)", limitBytes: Self.keyLimitBytes)
    return SecretBytes(erasing: &body)
  }

  private static func query(_ digest: [UInt8]) -> String {
    "runtime_data=\(Base64.url(digest))&encoding=base64"
  }

  private func get(_ path: String, limitBytes: Int) async throws(AgentError) -> [UInt8] {
    var response: FetchResponse
    do throws(FetchError) {
      response = try await send(FetchRequest(url: url + path, timeout: .seconds(60), maxBody: limitBytes))
    } catch {
      throw .noEvidence(.guestComponents(error))
    }
    guard response.status == 200 else { throw .noEvidence(.guestComponentsRefused(status: response.status)) }
    let body = response.body
    response.body = []
    return body
  }
}
