import Appraisal
import FuzzDriver

// A statement has one text, and what it brings into force is read the same from what it was written as.
fuzz { input in
  if let signed = try? SignedStatement(parsing: input) {
    let text = signed.statement.text
    precondition((try? ReferenceStatement(parsing: text)) == signed.statement, "a statement with two meanings")
    precondition(input.starts(with: text.utf8), "a statement with two texts")
    _ = try? StatementContent(of: signed.statement)
  }
  _ = try? ReferenceBundle(parsing: input)
  _ = try? ResourceRule(parsing: input)
  _ = try? RevocationScope(parsing: String(decoding: input, as: UTF8.self))
}
