import Bytes
import Platform
import Stores

extension Configuration.Store {
  /// The section `model.store`.
  init(reading section: ConfigurationReader) throws(AgentError) {
    var reader = section
    location = try reader.string("location")
    access = StoreAccess(now: { .now })
    access.caPEM = try Configuration.text("ca", in: &reader)
    access.region = try reader.optionalString("region") ?? access.region
    access.endpoint = try reader.optionalString("endpoint")
    let credentials = try reader.optionalString("credentialsFile")
    let tokenFile = try reader.optionalString("tokenFile")
    let role = try reader.optionalString("role")
    let service = try reader.optionalString("tokenService")
    try reader.finish()
    switch (credentials, tokenFile, role, service) {
    case (nil, nil, nil, nil): break
    case (let file?, nil, nil, nil): access.credentials = .file(file)
    case (nil, let file?, let role?, let service?):
      guard service.hasPrefix("https://") else { throw .configuration("model.store.tokenService: https://HOST") }
      access.credentials = .exchange(tokenFile: file, role: role, service: service)
    default:
      throw .configuration("model.store: give credentialsFile, or tokenFile, role and tokenService")
    }
    do throws(StoreError) {
      _ = try RemoteModel(location, access)
    } catch {
      throw .configuration("model.store.location: \(error)")
    }
  }
}
