"""scripts/lib/suites.py adds results up and takes no suite's word for more than its output shows."""
import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "lib"))
import suites  # noqa: E402


class Suites(unittest.TestCase):
    def run_suites(self, *commands, limit=20):
        """Exit status and the lines printed, for suites that are shell commands."""
        with tempfile.TemporaryDirectory() as folder:
            suites.ROOT = suites.LOGS = pathlib.Path(folder)
            suites.SUITES = [(f"s{at}", "shown", ["sh", "-c", text], limit) for at, text in enumerate(commands)]
            printed = io.StringIO()
            argv, sys.argv = sys.argv, ["suites"]
            try:
                with contextlib.redirect_stdout(printed), self.assertRaises(SystemExit) as end:
                    suites.main()
            finally:
                sys.argv = argv
            return end.exception.code, printed.getvalue().splitlines()

    def test_counts_are_added(self):
        status, lines = self.run_suites("echo 3 passed, 0 failed, 1 skipped", "echo 4 passed, 0 failed, 0 skipped")
        self.assertEqual((status, lines[-1]), (0, "7 passed, 0 failed, 1 skipped"))

    def test_a_failed_test_fails_the_run(self):
        status, lines = self.run_suites("echo 3 passed, 1 failed, 0 skipped; exit 1")
        self.assertEqual((status, lines[-1]), (1, "3 passed, 1 failed, 0 skipped"))

    def test_a_status_that_contradicts_the_counts_is_a_failure(self):
        status, lines = self.run_suites("echo 3 passed, 0 failed, 0 skipped; exit 2")
        self.assertEqual((status, lines[-1]), (1, "3 passed, 1 failed, 0 skipped"))

    def test_a_suite_that_ran_nothing_is_a_failure(self):
        for text in ["true", "echo 0 passed, 0 failed, 0 skipped", "echo all well"]:
            status, lines = self.run_suites(text)
            self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed, 0 skipped"), text)

    def test_a_suite_over_its_time_is_killed_and_is_a_failure(self):
        status, lines = self.run_suites("echo 3 passed, 0 failed, 0 skipped; sleep 60", limit=1)
        self.assertEqual((status, lines[-1]), (1, "3 passed, 1 failed, 0 skipped"))

    def test_a_suite_that_leaves_a_process_behind_is_a_failure(self):
        status, lines = self.run_suites("echo 3 passed, 0 failed, 0 skipped; sleep 60 >/dev/null &")
        self.assertEqual((status, lines[-1]), (1, "3 passed, 1 failed, 0 skipped"))

    def test_the_result_is_the_only_line_of_its_form(self):
        _, lines = self.run_suites("echo 3 passed, 1 failed, 0 skipped; exit 1", "echo 4 passed, 0 failed, 0 skipped")
        self.assertEqual([line for line in lines if suites.CLOSING.fullmatch(line)], [lines[-1]])


if __name__ == "__main__":
    unittest.main()
