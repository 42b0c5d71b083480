"""scripts/check-style finds each kind of planted violation, and nothing in a tree that has none."""
import pathlib
import subprocess
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check-style"
REFUSED = [
    ("Sources/A/ByteUtils.swift", "", "a name that says nothing"),
    ("Sources/My Module/A.swift", "", "a name that says nothing"),
    ("Sources/A/A.swift", "//\n" * 401, "401 lines"),
    ("Sources/A/A.swift", "func long() {\n" + "  step()\n" * 60 + "}\n", "a function of 62 lines"),
    ("Attestation/CA/a.c", "int long_one(void) {\n" + "  step();\n" * 60 + "}\n", "a function of 62 lines"),
    ("Sources/A/A.swift", "// TO" "DO: later\n", "issue number"),
    ("README.md", "see /wo" "rk/here\n", "path of one machine"),
    ("Sources/A/A.swift", "public struct A {}\n", "access is package"),
    ("Sources/A/A.swift", "let a = JSONDecoder()\n", "not strict"),
    ("Sources/A/A.swift", "print(1)\n", "Console"),
    ("Sources/A/A.swift", "let a = 1\nlet b = try! c()\n", "reason"),
    ("Attestation/CA/a.c", "  strcpy(a, b);\n", "without a bound"),
    ("Attestation/CEvidence/a.c", "  a = malloc(2);\n", "allocates"),
]
PERMITTED = [
    ("Sources/A/Extensional.swift", "// TO" "DO(#12): later\n// The literal is a valid digest.\nlet b = try! c()\n"),
    ("Sources/A/A.swift", "func short() {\n" + "  step()\n" * 58 + "}\n"),
    ("Tests/ATests/ATests.swift", "//\n" * 450),
    ("README.md", "https://example.com/work/here and ~/work\n"),
]


class CheckStyle(unittest.TestCase):
    def check(self, path, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            subprocess.run(["git", "init", "-q", folder], check=True, timeout=20)
            done = subprocess.run([CHECK, folder], capture_output=True, text=True, timeout=20)
            return done.returncode, done.stdout

    def test_each_planted_violation_is_found(self):
        for path, text, wrong in REFUSED:
            with self.subTest(wrong=wrong):
                status, lines = self.check(path, text)
                self.assertEqual((status, len(lines.splitlines())), (1, 1), lines)
                self.assertTrue(lines.startswith(f"{path}:") and wrong in lines, lines)

    def test_what_is_permitted_passes(self):
        for path, text in PERMITTED:
            with self.subTest(path=path):
                self.assertEqual(self.check(path, text)[0], 0)


if __name__ == "__main__":
    unittest.main()
