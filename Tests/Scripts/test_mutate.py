"""scripts/mutate reads its list strictly, and tells a test that notices from one that does not."""
import importlib.machinery
import importlib.util
import pathlib
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOADER = importlib.machinery.SourceFileLoader("mutate", str(ROOT / "scripts" / "mutate"))
mutate = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutate", LOADER))
LOADER.exec_module(mutate)

ONE = "skip: nothing is checked\n  a.swift\n  - check()\n  + if !MUTANT { check() }\n  ? ATests.itChecks\n"
# Stands for the tests' program: notices mutation 1, hangs at 3, and has a test that is skipped.
PROGRAM = """#!/bin/sh
case "$*" in *isSkipped*) echo 'Test isSkipped() skipped.'; exit 0 ;; esac
[ "$VOUCHSAFE_MUTATION" = 3 ] && exec sleep 60
[ "$VOUCHSAFE_MUTATION" = 1 ] && { echo 'Test itChecks() recorded an issue at A.swift:7:2: no'; exit 1; }
echo 'Test itChecks() passed after 0.001 seconds.'
"""


class Mutate(unittest.TestCase):
    def one(self, number, test="ATests.itChecks"):
        return mutate.Mutation(number, f"m{number}", "something happens", "a.swift", "a", "MUTANT", test)

    def test_the_list_is_read(self):
        (only,) = mutate.read_list(f"# why\n\n{ONE}")
        self.assertEqual(
            (only.name, only.effect, only.file, only.line, only.changed, only.test),
            ("skip", "nothing is checked", "a.swift", "check()", "if !MUTANT { check() }", "ATests.itChecks"))

    def test_anything_else_is_no_list(self):
        for text in [ONE + ONE, ONE.replace("MUTANT", "true"), ONE.replace("  ? ATests.itChecks\n", ""), "skip\n",
                     ONE.replace("ATests.", ""), ONE + "  b.swift\n", "  a.swift\n", ONE.replace("  - check()\n", "")]:
            with self.assertRaises(SystemExit, msg=text):
                mutate.read_list(text)

    def test_a_mutation_is_put_where_its_line_stands(self):
        (only,) = mutate.read_list(ONE)
        text, lost = mutate.applied("import Bytes\nfunc f() {\n  check()\n}\n", [only], ".swift")
        self.assertEqual((text, lost), ("import Bytes\nfunc f() {\n  if !mutant(1) { check() }\n}\n", []))
        self.assertTrue(mutate.applied("check()\n", [only], ".swift")[0].startswith("import Bytes\n"))
        self.assertIn("static int mutant(", mutate.applied("#include <a.h>\ncheck()\n", [only], ".c")[0])

    def test_a_line_that_is_gone_or_stands_twice_is_told(self):
        (only,) = mutate.read_list(ONE)
        for text in ["uncheck()\n", "check()\n  check()\n"]:
            self.assertEqual(mutate.applied(text, [only], ".swift")[1], [only])

    def test_a_test_that_fails_catches_and_one_that_passes_does_not(self):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder, "tests")
            program.write_text(PROGRAM)
            program.chmod(0o755)
            mutate.COPY, mutate.TEST_SECONDS = pathlib.Path(folder), 1
            mutate.run.__defaults__ = (0, 1)
            baseline = {"itChecks": "passed", "isSkipped": "skipped", "broken": "failed"}
            for number, test, outcome in [
                    (1, "ATests.itChecks", "passed"), (2, "ATests.itChecks", "failed"), (3, "ATests.itChecks", "passed"),
                    (1, "ATests.isSkipped", "skipped"), (1, "ATests.broken", "failed"), (1, "ATests.absent", "failed")]:
                self.assertEqual(mutate.judge(program, self.one(number, test), baseline)[0], outcome, (number, test))

    def test_outcomes_are_read_through_colours_and_arguments(self):
        output = ("\x1b[92m✔\x1b[0m Test a() passed after 0.1 seconds.\n✔ Test b(form:) with 11 test cases passed after 1 s.\n"
                  "➜ Test c() skipped: no vectors\n✘ Test d(x:) with 2 test cases failed after 1 s with 1 issue.\n")
        self.assertEqual(mutate.outcomes(output), {"a": "passed", "b": "passed", "c": "skipped", "d": "failed"})

    def test_the_list_of_this_tree_is_long_and_stands(self):
        mutations = mutate.read_list(mutate.LIST.read_text())
        self.assertGreaterEqual(len(mutations), 40)
        for one in mutations:
            lines = [line.strip() for line in (ROOT / one.file).read_text().splitlines()]
            self.assertEqual(lines.count(one.line), 1, f"{one.name}: its line does not stand once in {one.file}")
            module, name = one.test.split(".")
            sources = "".join(file.read_text() for file in (ROOT / "Tests" / module).rglob("*.swift"))
            self.assertTrue(f"func {name}(" in sources, f"{one.name}: there is no {one.test}")


if __name__ == "__main__":
    unittest.main()
