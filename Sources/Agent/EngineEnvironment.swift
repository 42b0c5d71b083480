/// Which variables the engine gets. The agent's own environment is the host's to set, so nothing of it passes unless the
/// configuration, which is measured, names the variable; and what can make a program load code, trust another
/// authority or talk to another place does not pass even then.
package enum EngineEnvironment {
  /// Beginnings of names that make loaders and interpreters run other code, or change whom a program trusts.
  private static let neverBeginnings = [
    "LD_", "DYLD_", "PYTHON", "PERL", "RUBY", "NODE_", "JAVA_", "_JAVA", "JDK_", "OPENSSL_", "SSL_CERT_", "MALLOC_",
    "GLIBC_", "GCONV_", "BASH_", "GIT_", "DEBUGINFOD_", "ROCPROFILER_", "VOUCHSAFE_", "KMP_", "COR_", "DOTNET_",
  ]
  private static let neverNames: Set<String> = [
    "ENV", "IFS", "PS4", "SHELLOPTS", "PROMPT_COMMAND", "LOCPATH", "NLSPATH", "HOSTALIASES", "RES_OPTIONS",
    "RESOLV_HOST_CONF", "LOCALDOMAIN", "TZDIR", "TERMINFO", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "FTP_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "CURL_HOME", "SSLKEYLOGFILE", "CUDA_INJECTION64_PATH",
    "CUDA_INJECTION32_PATH", "NVIDIA_DRIVER_CAPABILITIES", "VK_INSTANCE_LAYERS", "TORCH_SHOW_CPP_STACKTRACES",
  ]
  /// Further beginnings that steer an engine: permitted with a value in the configuration, never from the host.
  private static let steeringBeginnings = [
    "VLLM_", "NCCL_", "CUDA_", "HF_", "HUGGING", "TRANSFORMERS_", "TORCH", "TRITON_", "LLAMA_", "GGML_", "OMP_", "RAY_",
    "XDG_", "UCX_", "GLOO_", "SAFETENSORS_", "TIKTOKEN_", "OPENAI_", "AWS_", "AZURE_", "GOOGLE_",
  ]

  /// A variable that no engine gets, whoever gives the value.
  static func isForbidden(_ name: String) -> Bool {
    let upper = name.uppercased()
    return !isName(name) || neverNames.contains(upper) || neverBeginnings.contains { upper.hasPrefix($0) }
  }

  /// A variable whose value may not come from the agent's own environment.
  static func isForbiddenFromHost(_ name: String) -> Bool {
    let upper = name.uppercased()
    return isForbidden(name) || steeringBeginnings.contains { upper.hasPrefix($0) }
  }

  private static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 128
      && name.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: false
        }
      }
  }

  /// Who the engine is to itself.
  static let userName = "engine"

  /// Where an engine keeps what it makes for itself, once it has a file system of its own: in memory, and gone at its end.
  private static let ownFolders = [
    "TMPDIR": "/tmp", "HOME": "/tmp", "XDG_CACHE_HOME": "/tmp/cache", "XDG_CONFIG_HOME": "/tmp/config",
    "HF_HOME": "/tmp/huggingface", "VLLM_CACHE_ROOT": "/tmp/vllm", "VLLM_CONFIG_ROOT": "/tmp/vllm-config",
    "TORCHINDUCTOR_CACHE_DIR": "/tmp/inductor", "TRITON_CACHE_DIR": "/tmp/triton", "USER": userName,
    "LOGNAME": userName,
  ]

  /// - Parameters:
  ///   - own: the agent's environment.
  ///   - passed: names the configuration lets through.
  ///   - given: values of the configuration, which win.
  ///   - hasOwnFiles: whether the engine has a file system of its own.
  ///   - profile: whose variables nothing replaces.
  /// - Returns: the engine's whole environment.
  static func make(
    own: [String: String], passed: [String], given: [String: String], hasOwnFiles: Bool = false,
    profile: EngineProfile? = nil
  ) -> [String: String] {
    var environment = ["HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"]
    if hasOwnFiles { environment.merge(ownFolders) { $1 } }
    for name in passed where !isForbiddenFromHost(name) { environment[name] = own[name] }
    for (name, value) in given where !isForbidden(name) { environment[name] = value }
    environment.merge(profile?.environment ?? [:]) { $1 }
    return environment
  }
}
