import Bytes
import Glibc
import Platform
import Terminal

/// Where the broker is and what reaches it: from options, from the file that `VOUCHSAFE_CONFIG` names, from `--state`, or
/// from `client.json` in the working folder; options win.
struct ClientSettings: Equatable {
  var broker: String?
  var admin: String?
  var ca: String?
  var clientCertificate: String?
  var clientKey: String?
  /// Those of the model's provider and of the auditor, where a file names them; else the above serve for all.
  var provider: Credential?
  var auditor: Credential?
  /// The log's verifier key.
  var logVkey: String?
  /// The file they were read from.
  var source: String?

  struct Credential: Equatable {
    var certificate: String
    var key: String
  }

  static let options = [
    Option("--broker", value: "URL", "the broker, when no client.json names it"),
    Option("--admin", value: "URL", "the broker's listener for administrators"),
    Option("--ca", value: "FILE", "PEM certificate that the broker's must lead to"),
    Option("--client-cert", value: "FILE", "the administrator's certificate, PEM"),
    Option("--client-key", value: "FILE", "its key, PEM"),
    Option("--state", value: "DIR", "a broker's state: its client.json says all of the above"),
  ]

  init(_ arguments: Arguments) throws(Failure) {
    try self.init(arguments, environment: unsafe getenv("VOUCHSAFE_CONFIG").map { unsafe String(cString: $0) })
  }

  init(_ arguments: Arguments, environment: String?) throws(Failure) {
    if let path = Self.file(arguments, environment) { try read(path) }
    ca = arguments.value("--ca") ?? ca
    if arguments.value("--client-cert") != nil { (provider, auditor) = (nil, nil) }
    clientCertificate = arguments.value("--client-cert") ?? clientCertificate
    clientKey = arguments.value("--client-key") ?? clientKey
    take(broker: arguments.value("--broker"), admin: arguments.value("--admin"))
  }

  /// Whether a person asked for a broker, rather than a file having been found by chance.
  static func isNamed(_ arguments: Arguments) -> Bool {
    ["--broker", "--admin", "--state"].contains { arguments.value($0) != nil }
  }

  /// `--broker` may name either listener: the one for pods leads to the administrators' when the file knows both.
  private mutating func take(broker url: String?, admin adminURL: String?) {
    if let adminURL { admin = adminURL }
    guard let url else { return }
    if adminURL == nil, !(broker.map { Self.same($0, url) } ?? false && admin != nil) { admin = url }
    broker = url
  }

  private static func same(_ left: String, _ right: String) -> Bool { canonical(left) == canonical(right) }

  private static func canonical(_ url: String) -> String {
    let trimmed = url.hasSuffix("/") ? String(url.dropLast()) : url
    return trimmed.replacing("//localhost:", with: "//127.0.0.1:")
  }

  private static func file(_ arguments: Arguments, _ environment: String?) -> String? {
    if let state = arguments.value("--state") { return "\(state)/client.json" }
    if let environment, !environment.isEmpty {
      return isFolder(environment) ? "\(environment)/client.json" : environment
    }
    return SmallFile.exists("client.json") ? "client.json" : nil
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private mutating func read(_ path: String) throws(Failure) {
    let bytes = try Console.readFile(path, limit: 1 << 16)
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    func beside(_ name: String?) -> String? { name.map { $0.hasPrefix("/") ? $0 : folder + $0 } }
    do throws(ParseError) {
      var reader = try JSONReader(try StrictJSON.parse(bytes), "")
      broker = try reader.optionalString("broker")
      admin = try reader.optionalString("admin")
      ca = beside(try reader.optionalString("ca"))
      clientCertificate = beside(try reader.optionalString("clientCertificate"))
      clientKey = beside(try reader.optionalString("clientKey"))
      logVkey = beside(try reader.optionalString("logVkey"))
      func credential(_ name: String) throws(ParseError) -> Credential? {
        guard var reader = try reader.optionalObject(name) else { return nil }
        let found = Credential(
          certificate: beside(try reader.string("clientCertificate")) ?? "",
          key: beside(try reader.string("clientKey")) ?? "")
        try reader.finish()
        return found
      }
      (provider, auditor) = (try credential("provider"), try credential("auditor"))
      try reader.finish()
    } catch { throw Failure(.malformed, "\(path): \(error)") }
    source = path
  }
}
