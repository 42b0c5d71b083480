/// An engine whose command line is ours: what it must say, and what else it may.
package enum EngineProfile: String, CaseIterable, Sendable {
  case vllm
  case llamaCpp = "llama.cpp"

  /// The arguments that make it serve the model on the socket, reach for nothing, run nothing of the model's and say
  /// nothing about requests.
  /// - Parameter file: of the model, for an engine that loads one file.
  func arguments(file: String?, socket: String) -> [String] {
    switch self {
    case .vllm:
      [
        "serve", "{model}", "--uds", socket, "--load-format", "safetensors", "--disable-uvicorn-access-log",
        "--disable-fastapi-docs",
      ]
    case .llamaCpp:
      ["--model", "{model}/\(file ?? "")", "--host", socket, "--offline", "--no-webui", "--no-slots", "--log-disable"]
    }
  }

  /// The arguments that make it serve adapters beside the model, for requests that ask for one.
  /// - Parameter adapters: each one's name, and the folder or file that it lies in; not empty.
  func arguments(adapters: [(name: String, path: String)]) -> [String] {
    switch self {
    case .vllm: ["--enable-lora", "--lora-modules"] + adapters.map { "\($0.name)=\($0.path)" }
    case .llamaCpp: ["--lora", adapters.map(\.path).joined(separator: ","), "--lora-init-without-apply"]
    }
  }

  /// Variables that go with them.
  var environment: [String: String] {
    switch self {
    case .vllm:
      [
        "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_PLUGINS": "", "VLLM_SERVER_DEV_MODE": "0",
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "0", "VLLM_ALLOW_INSECURE_SERIALIZATION": "0", "VLLM_HOST_IP": "127.0.0.1",
        "VLLM_LOGGING_LEVEL": "WARNING", "GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo",
      ]
    case .llamaCpp: ["LLAMA_OFFLINE": "1"]
    }
  }

  /// Answers 200 once the model is loaded.
  var healthPath: String { "/health" }

  /// Options that a pod may add, by their long names and, where there are any, their short ones: sizes, numbers and
  /// formats. None names a file, another model, a place to listen or to send to, or code.
  private var options: Set<String> {
    switch self {
    case .vllm:
      [
        "async-scheduling", "block-size", "chat-template-content-format", "cpu-offload-gb", "data-parallel-size",
        "disable-cascade-attn", "disable-log-stats", "dtype", "enable-auto-tool-choice", "enable-chunked-prefill",
        "enable-expert-parallel", "enable-prefix-caching", "enforce-eager", "gpu-memory-utilization",
        "fully-sharded-loras", "kv-cache-dtype", "kv-cache-memory-bytes", "limit-mm-per-prompt",
        "long-prefill-token-threshold", "lora-dtype", "max-cpu-loras", "max-logprobs", "max-lora-rank", "max-loras",
        "max-model-len", "max-num-batched-tokens", "max-num-partial-prefills", "max-num-seqs",
        "max-seq-len-to-capture", "no-async-scheduling", "no-enable-chunked-prefill", "no-enable-prefix-caching",
        "num-gpu-blocks-override", "pipeline-parallel-size", "prefix-caching-hash-algo", "quantization",
        "reasoning-parser", "response-role", "scheduling-policy", "seed", "served-model-name", "swap-space",
        "tensor-parallel-size", "tokenizer-mode", "tool-call-parser", "uvicorn-log-level", "dp", "pp", "q", "tp",
      ]
    case .llamaCpp:
      [
        "alias", "batch-size", "cache-type-k", "cache-type-v", "cont-batching", "ctx-size", "embedding", "embeddings",
        "flash-attn", "gpu-layers", "jinja", "keep", "main-gpu", "min-p", "mlock", "n-gpu-layers", "n-predict",
        "no-cont-batching", "no-mmap", "no-warmup", "numa", "parallel", "pooling", "predict", "reasoning-format",
        "repeat-penalty", "rope-freq-base", "rope-freq-scale", "rope-scale", "rope-scaling", "seed", "split-mode",
        "temp", "tensor-split", "threads", "threads-batch", "threads-http", "timeout", "top-k", "top-p",
        "ubatch-size", "a", "b", "c", "cb", "ctk", "ctv", "fa", "mg", "n", "nb", "ngl", "np", "s", "sm", "t", "tb",
        "to", "ts", "ub",
      ]
    }
  }

  /// The first argument that does not belong, if any: an option that is not permitted, or a word that no option takes.
  func firstForeign(in arguments: [String]) -> String? {
    var mayBeValue = false
    for argument in arguments {
      if let name = EngineArguments.optionName(argument) {
        guard options.contains(name) else { return argument }
        mayBeValue = !argument.contains("=")
      } else {
        guard mayBeValue else { return argument }
        mayBeValue = false
      }
    }
    return nil
  }
}
