import Bytes
import FuzzDriver

// One text for one byte string: whatever decodes, encodes to the same text. The same of hexadecimal digits.
fuzz { input in
  for alphabet in [Base64.Alphabet.standard, .url] {
    if let bytes = try? Base64.decode(input, alphabet, padding: .required, "input") {
      precondition(Array(Base64.encode(bytes, alphabet, padded: true).utf8) == input, "two padded texts for one value")
    }
    if let bytes = try? Base64.decode(input, alphabet, padding: .forbidden, "input") {
      precondition(Array(Base64.encode(bytes, alphabet, padded: false).utf8) == input, "two texts for one value")
    }
  }
  let text = String(decoding: input, as: UTF8.self)
  if let bytes = try? Hex.decode(text, "input") {
    precondition(Hex.encode(bytes) == text.lowercased(), "two hexadecimal texts for one value")
  }
}
