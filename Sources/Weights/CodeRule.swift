import Bytes

/// Which files of a model can make a program run code that is not the program's own.
package enum CodeRule {
  /// Pickles, libraries and scripts: loading one is running it.
  private static let endings = [
    ".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".py", ".pyc", ".pyd", ".so", ".dylib", ".dll", ".sh",
  ]

  package static func isCode(path: String) -> Bool {
    let lower = path.lowercased()
    return endings.contains { lower.hasSuffix($0) }
  }

  /// Whether a file of this name is read by loaders as a configuration that may name code.
  static func isConfiguration(path: String) -> Bool {
    path.lowercased().split(separator: "/").last.map { $0.hasSuffix("config.json") } ?? false
  }

  /// Largest configuration looked into.
  static let configurationLimit = 16 << 20

  /// Whether the configuration names code to load: `auto_map`, at any depth.
  static func namesCode(configuration bytes: [UInt8]) throws(ParseError) -> Bool {
    mentionsAutoMap(try StrictJSON.parse(bytes, limits: StrictJSON.Limits(depth: 64, tokens: 2_000_000)))
  }

  private static func mentionsAutoMap(_ value: JSONValue) -> Bool {
    switch value {
    case .object(let object): object.members.contains { $0.key == "auto_map" || mentionsAutoMap($0.value) }
    case .array(let items): items.contains(where: mentionsAutoMap)
    default: false
    }
  }
}
