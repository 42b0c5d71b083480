import Terminal

/// The verbs of `vouchsafe model`.
let modelCommands: [Command] = [
  Command(
    "model seal", arguments: "SRC OUT", "encrypt a model's files under one key and sign their manifest",
    options: [
      Option("--model", value: "NAME", "the model's name; every segment is bound to it"),
      Option("--version", value: "V", "the version; one key serves one version"),
      Option("--key-file", value: "KEY", "32 raw bytes, made (0600) when absent; OUT.key if not given"),
      Option(
        "--sign-key", value: "FILE", "the provider's signing key; KEY.provider.key, made when absent, if not given"),
      Option("--repository", value: "URL", "where the plain files came from, for the manifest"),
      Option("--revision", value: "REV", "which revision of it"),
      Option(
        "--provenance", value: "FILE", repeats: true,
        "a document about the model, such as a bill of materials; the manifest names it with its SHA-256"),
      Option("--base", value: "SEALED", "the sealed model that this one is an adapter of, and of no other"),
      Option("--allow-code", "seal files that can run code when loaded, and say so in the signed manifest"),
      Option("--oci", "make OUT an OCI image layout, which registries take, instead of a directory of ours"),
      Option("--restart", "begin anew, where an attempt was cut short, instead of going on with it"),
      ModelOptions.threads, .quiet, .output,
    ] + PublisherSignature.options,
    example: "vouchsafe model seal ./llama ./llama.sealed --model llama --version 1 --key-file llama.key",
    run: { try ModelSeal.run($0) }),
  Command(
    "model open", arguments: "SEALED OUT",
    "decrypt a sealed model with its key, without any broker; from a directory, https://, s3:// or oci://",
    options: [
      ModelOptions.keyFile, ModelOptions.verifyKey, Option("--verify-digests", "also check every file's SHA-256"),
      ModelOptions.threads, .quiet,
    ] + StoreOptions.all,
    example: "vouchsafe model open ./llama.sealed ./llama --key-file llama.key --verify-key llama.key.provider.vkey",
    run: { try ModelOpen.run($0) }),
  ModelOpenJWE.command,
  Command(
    "model verify", arguments: "SEALED",
    "check signature and ciphertext, with the key also what is inside; or plain files against --signature",
    options: [ModelOptions.keyFile, ModelOptions.verifyKey, ModelOptions.threads, .quiet, .output]
      + PublisherSignature.options + StoreOptions.all,
    example: "vouchsafe model verify ./llama.sealed --verify-key llama.key.provider.vkey",
    run: { try ModelVerify.run($0) }),
  Command(
    "model inspect", arguments: "SEALED", "print what a manifest says and who claims to have signed it, unverified",
    options: [.output] + StoreOptions.all,
    example: "vouchsafe model inspect https://models.example/llama.sealed/ -o json",
    run: { try ModelInspect.run($0) }),
]

enum ModelOptions {
  static let keyFile = Option("--key-file", value: "KEY", "the model's key, 32 raw bytes")
  static let verifyKey = Option("--verify-key", value: "VKEY", "the provider's verifier key: its text, or a file of it")
  static let threads = Option("--threads", value: "N", "threads to use; 2 if not given")

  static func threads(_ arguments: Arguments) throws(Failure) -> Int {
    try arguments.integer("--threads", in: 1...64) ?? 2
  }
}
