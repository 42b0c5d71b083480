/// The engine's arguments: `{model}` stands for the directory of the opened model, `{socket}` for the engine's socket.
enum EngineArguments {
  /// Options of inference engines that make them run code from a model or from a file, fetch another model, open files for
  /// strangers, or take any of these from a file.
  private static let refused: Set<String> = [
    "trust-remote-code", "tool-parser-plugin", "reasoning-parser-plugin", "middleware", "worker-cls",
    "worker-extension-cls", "logits-processors", "logits-processor-pattern", "hf-overrides", "code-revision",
    "lora-modules-from-hub", "io-processor-plugin", "scheduler-cls", "enable-prompt-embeds", "allowed-local-media-path",
    "model-loader-extra-config", "kv-transfer-config", "otlp-traces-endpoint", "api-key", "hf-config-path",
    "hf", "hfr", "hff", "hf-repo", "hf-file", "hf-token", "hf-repo-v", "hf-file-v", "mu", "model-url", "slot-save-path",
    "docker-repo", "rpc", "media-path", "log-file", "models-dir",
  ]
  /// Whole names of harmless options that begin a refused one.
  private static let harmless: Set<String> = ["model", "models", "media", "worker", "workers", "log"]

  /// The first argument that no engine may get, if any. Parsers of options take beginnings of names, so a beginning of a
  /// refused name is refused.
  static func firstRefused(in arguments: [String]) -> String? {
    arguments.first { argument in
      guard let name = optionName(argument) else { return false }
      return refused.contains(name)
        || name.utf8.count >= 4 && !harmless.contains(name) && refused.contains { $0.hasPrefix(name) }
    }
  }

  /// The option's name with `-` for `_` and without its value; `nil` for a word that is no option, such as a number.
  static func optionName(_ argument: String) -> String? {
    guard argument.hasPrefix("-"), argument.utf8.count > 1 else { return nil }
    let name = argument.drop { $0 == "-" }.prefix { $0 != "=" && $0 != "." }
    guard name.utf8.first.map({ !(0x30...0x39).contains($0) }) ?? (argument == "--") else { return nil }
    return name.lowercased().split(separator: "_", omittingEmptySubsequences: false).joined(separator: "-")
  }

  static func filled(_ arguments: [String], model: String, socket: String?) -> [String] {
    arguments.map { replace("{socket}", in: replace("{model}", in: $0, by: model), by: socket ?? "") }
  }

  private static func replace(_ mark: String, in text: String, by value: String) -> String {
    text.split(separator: mark, omittingEmptySubsequences: false).joined(separator: value)
  }
}
