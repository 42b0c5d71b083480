"""Every check that the verifier must make has a test named after its row: t1 to t32 for TDX, s1 to s21 for SEV-SNP."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ["EvidenceTests", "VerificationTests", "AppraisalTests"]
ROWS = [f"t{number}" for number in range(1, 33)] + [f"s{number}" for number in range(1, 22)]
NEGATIVES = [f"n{number}" for number in range(1, 41)]


def tests():
    """The names of all tests of those folders."""
    return [
        name for folder in FOLDERS for file in sorted((ROOT / "Tests" / folder).rglob("*.swift"))
        for name in re.findall(r"\bfunc ([tsn]\d\w*)\(", file.read_text())]


def covered(name):
    """The rows that a name begins with: `t8AndT9EveryDate…`, `n1ToN4WhoSigns…`, `n5N6TheChain…`."""
    found = re.match(r"(([tsnTSN]\d+)(To|And)?)+(?=[A-Z])", name)
    if not found:
        return set()
    parts = re.findall(r"([tsnTSN])(\d+)(To|And)?", found[0])
    rows = {f"{letter.lower()}{number}" for letter, number, _ in parts}
    for (letter, first, joint), (_, last, _) in zip(parts, parts[1:]):
        if joint == "To":
            rows |= {f"{letter.lower()}{number}" for number in range(int(first), int(last) + 1)}
    return rows


class Rows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows = set().union(*(covered(name) for name in tests()))

    def test_every_check_has_a_test_of_its_name(self):
        self.assertEqual([row for row in ROWS if row not in self.rows], [])

    def test_every_forgery_of_the_catalogue_has_a_test_of_its_name(self):
        self.assertEqual([row for row in NEGATIVES if row not in self.rows], [])

    def test_names_are_read(self):
        self.assertEqual(covered("t8AndT9EveryDateHasTwoEnds"), {"t8", "t9"})
        self.assertEqual(covered("n9ToN13TheDocuments"), {"n9", "n10", "n11", "n12", "n13"})
        self.assertEqual(covered("n5N6TheChainIsTheOneChain"), {"n5", "n6"})
        self.assertEqual(covered("n20ToN22CertificationAndTails"), {"n20", "n21", "n22"})
        self.assertEqual(covered("theGuestThatIsBentIsAccepted"), set())
        self.assertEqual(covered("t10MembersOutside"), {"t10"})


if __name__ == "__main__":
    unittest.main()
