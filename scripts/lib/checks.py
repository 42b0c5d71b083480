"""Named checks, one line each, and the closing line that scripts/test adds up."""
import sys
import traceback


class Checks:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0

    def run(self, name, body):
        """Runs `body`; anything it raises fails the check. What it returns, or None."""
        try:
            result = body()
        except Exception as error:  # a check that breaks is a failed check, and the others still run
            self.failed += 1
            print(f"FAILED: {name} ({error if str(error) else type(error).__name__})", flush=True)
            if not isinstance(error, AssertionError):
                traceback.print_exc(file=sys.stdout)
            return None
        self.passed += 1
        print(f"ok: {name}", flush=True)
        return result

    def skip(self, name, why):
        self.skipped += 1
        print(f"skipped: {name} ({why})", flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        sys.exit(1 if self.failed or not self.passed else 0)


def same(got, wanted, what="value"):
    if got != wanted:
        raise AssertionError(f"{what} is {got!r}, not {wanted!r}")


def true(condition, what):
    if not condition:
        raise AssertionError(what)
