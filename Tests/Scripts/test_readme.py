"""What README.md promises is held by tests that exist."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Readme(unittest.TestCase):
    def setUp(self):
        text = (ROOT / "README.md").read_text()
        self.promises = text.partition("## What we promise")[2].partition("### Not yet")[0]
        self.tests = {
            name for file in ROOT.glob("Tests/*Tests/**/*.swift")
            for name in re.findall(r"\bfunc (\w+)\(", file.read_text())}

    def test_every_promise_names_tests_that_exist(self):
        named = [name for name in re.findall(r"`(\w+)`", self.promises)]
        self.assertGreater(len(named), 40)
        self.assertEqual([name for name in named if name not in self.tests], [])

    def test_no_promise_stands_without_a_test(self):
        for promise in re.findall(r"^\* (.*?)(?=^\* |\Z)", self.promises, re.M | re.S):
            self.assertRegex(promise, r"`\w+`", promise.splitlines()[0])


if __name__ == "__main__":
    unittest.main()
