"""What the subjects of scripts/bench share: rounds, medians, the machine's noise, and a table."""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = pathlib.Path(os.environ.get("VOUCHSAFE_VECTORS", ROOT.parent / "shared" / "vectors"))


class Series:
    """One thing measured in several rounds."""

    def __init__(self, name):
        self.name, self.rates = name, []

    @property
    def median(self):
        return statistics.median(self.rates)

    @property
    def best(self):
        """The round in which the machine was disturbed the least."""
        return max(self.rates)

    @property
    def spread(self):
        """The widest round from the median, in percent of it."""
        return 100 * max(abs(rate - self.median) for rate in self.rates) / self.median


def in_rounds(rounds, actions):
    """Runs every action once a round, so that whatever drifts drifts for all; {name: Series}."""
    series = {name: Series(name) for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            series[name].rates.append(action())
    return series


def ratio(series, other):
    """The median of the ratios within each round."""
    return statistics.median(one / two for one, two in zip(series.rates, other.rates))


def rows_beside(series, names, other):
    """Rates, and ratios to `other`'s: the median of those within each round, and of the best round of either."""
    rows = [("", "per second", f"beside {other}", "at best", "within")]
    for name in names:
        rows.append((name, f"{series[name].median:.0f}", f"{ratio(series[name], series[other]):.2f}",
                     f"{series[name].best / series[other].best:.2f}", f"±{series[name].spread:.0f} %"))
    return rows


def openssl_verify_rate(curve):
    """Signatures checked in a second of processor time, by `openssl speed`."""
    words = ["openssl", "speed", "-seconds", "1", f"ecdsa{curve}"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return float(re.search(r"^ *\d+ bits ecdsa.* ([\d.]+)$", done.stdout, re.M)[1])


def table(rows):
    """Rows of text, the columns aligned; the first is on the left."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) if column == 0 else cell.rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths))]
        print("  " + "  ".join(cells).rstrip())


def main():
    import bench_agent
    import bench_verify
    import bench_weights
    subjects = {"verify": bench_verify, "agent": bench_agent, "weights": bench_weights}
    parser = argparse.ArgumentParser(prog="bench", description="Measures; judges nothing.")
    parser.add_argument("--bin", required=True, type=pathlib.Path, help=argparse.SUPPRESS)
    chosen = parser.add_subparsers(dest="subject", required=True)
    for name, module in subjects.items():
        module.options(chosen.add_parser(name, help=module.__doc__.splitlines()[0]))
    arguments = parser.parse_args()
    subjects[arguments.subject].run(arguments)


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    sys.modules["bench"] = sys.modules["__main__"]
    main()
