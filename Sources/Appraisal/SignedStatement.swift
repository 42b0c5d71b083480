import Bytes
package import SignedNotes

/// A statement with the signatures under it. Unverified: whose they are is counted when it is applied.
package struct SignedStatement: Equatable, Sendable {
  package let statement: ReferenceStatement
  package private(set) var note: SignedNote

  /// Reads a signed note, or a proposal that nobody has signed yet (its text and the empty line alone).
  package init(parsing bytes: [UInt8]) throws(StatementError) {
    do throws(NoteError) {
      let isUnsigned = bytes.count >= 2 && bytes.suffix(2) == [0x0A, 0x0A]
      if isUnsigned, let text = String(validating: bytes.dropLast(), as: UTF8.self) {
        note = try SignedNote.sign(text, by: [])
      } else {
        note = try SignedNote(parsing: bytes)
      }
    } catch { throw .note(error) }
    statement = try ReferenceStatement(parsing: note.text)
  }

  package init(proposing statement: ReferenceStatement) throws(StatementError) {
    self.statement = statement
    do throws(NoteError) { note = try SignedNote.sign(statement.text, by: []) } catch { throw .note(error) }
  }

  package mutating func sign(with signer: NoteSigner) throws(StatementError) {
    do throws(NoteError) { try note.appendSignature(signer.sign(note.text)) } catch { throw .note(error) }
  }

  package var bytes: [UInt8] { note.bytes }
}
