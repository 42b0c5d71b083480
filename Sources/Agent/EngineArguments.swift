/// The engine's arguments: `{model}` stands for the directory of the opened model.
enum EngineArguments {
  /// Options of inference engines that make them run code from a model or from a file, or fetch another model.
  private static let refused: Set<String> = [
    "trust-remote-code", "tool-parser-plugin", "reasoning-parser-plugin", "middleware", "worker-cls",
    "worker-extension-cls", "logits-processors", "hf-overrides", "code-revision", "lora-modules-from-hub",
    "hf", "hfr", "hff", "hf-repo", "hf-file", "hf-token", "mu", "model-url",
  ]

  /// The first argument that no engine may get, if any.
  static func firstRefused(in arguments: [String]) -> String? {
    arguments.first { argument in
      guard argument.hasPrefix("-") else { return false }
      let name = argument.drop { $0 == "-" }.prefix { $0 != "=" && $0 != "." }
      return refused.contains(
        name.lowercased().split(separator: "_", omittingEmptySubsequences: false).joined(separator: "-"))
    }
  }

  static func filled(_ arguments: [String], model: String) -> [String] {
    arguments.map { argument in
      argument.split(separator: "{model}", omittingEmptySubsequences: false).joined(separator: model)
    }
  }
}
