/// What a file of a model is for, told by its name when it is sealed.
package enum FileRole: String, Sendable, CaseIterable {
  case weights, tokenizer, template, configuration, code, other

  package init(path: String) {
    let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
    let isTokenizer = ["tokenizer", "vocab", "merges", "special_tokens", "added_tokens"].contains { name.hasPrefix($0) }
    self =
      if CodeRule.isCode(path: path) { .code } else if name.hasSuffix(".safetensors") || name.hasSuffix(".gguf") {
        .weights
      } else if name.hasSuffix(".jinja") || name.hasPrefix("chat_template") { .template } else if isTokenizer {
        .tokenizer
      } else if name.hasSuffix(".json") { .configuration } else { .other }
  }
}
