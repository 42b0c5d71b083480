import FuzzDriver
import SignedNotes

// A note has one form: what is read, is written as the same bytes. So has a verifier key.
fuzz { input in
  if let note = try? SignedNote(parsing: input) {
    precondition(note.bytes == input, "a note with two forms")
    precondition((try? note.verified(by: [])) == nil, "verified by nobody")
  }
  if let text = String(validating: input, as: UTF8.self), let key = try? NoteVerifierKey(vkey: text) {
    precondition(Array(key.text.utf8) == input, "a verifier key with two forms")
  }
  _ = try? QuorumPolicy(parsing: input)
}
