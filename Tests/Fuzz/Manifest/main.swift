import FuzzDriver
import Weights

// A manifest has one form, and no path in it leaves the model's folder.
fuzz { input in
  guard let manifest = try? Manifest(parsing: input) else { return }
  precondition(manifest.bytes == input, "a manifest with two forms")
  for file in manifest.files {
    let steps = file.path.split(separator: "/", omittingEmptySubsequences: false)
    precondition(!steps.contains { ["", ".", ".."].contains($0) }, "a path with steps in it")
    precondition(file.size >= 0, "a negative size")
  }
}
