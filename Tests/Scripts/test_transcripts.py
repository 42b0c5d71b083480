"""scripts/transcripts accepts a session that is as written and no other."""
import pathlib
import subprocess
import tempfile
import unittest

RUNNER = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "transcripts"


class Transcripts(unittest.TestCase):
    def play(self, text, *options):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "t.txt")
            file.write_text(text)
            done = subprocess.run([RUNNER, *options, file], capture_output=True, text=True, timeout=60)
            return done.stdout.splitlines()[-1], file.read_text()

    def test_sessions_as_written_pass(self):
        for text in ["$ echo a; echo b >&2\na\nb\n= 0\n", "# why\n\n$ exit 3\n= 3\n", "$ echo 12 cups\n{...} cups\n= 0\n",
                     "$ seq 5\n1\n...\n5\n= 0\n", "$ printf a\na\n= 0\n", "$ touch here\n= 0\n$ ls\nhere\n= 0\n"]:
            self.assertRegex(self.play(text)[0], r"^[12] passed, 0 failed", text)

    def test_another_output_or_status_fails(self):
        for text in ["$ echo a\nb\n= 0\n", "$ echo a\na\n= 1\n", "$ echo a\n= 0\n", "$ echo a; echo b\na\n= 0\n",
                     "$ seq 5\n1\n...\n6\n= 0\n", "$ echo a.c\na{...}d\n= 0\n", "$ echo abc\na.c\n= 0\n"]:
            self.assertRegex(self.play(text)[0], r"^0 passed, 1 failed", text)

    def test_update_writes_what_was_printed(self):
        _, text = self.play("# why\n$ echo a; exit 2\nb\n= 0\n", "--update")
        self.assertEqual(text, "# why\n$ echo a; exit 2\na\n= 2\n")


if __name__ == "__main__":
    unittest.main()
