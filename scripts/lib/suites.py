#!/usr/bin/env python3
"""Runs the test suites one after another and adds their results up; scripts/test calls it once the machine is set up.

A suite is a command that ends with the line `N passed, N failed, N skipped` and may print `skipped: NAME (why)` and
`FAILED: NAME (what)` lines before it. A suite that ends otherwise, runs too long, or exits with another status than its
counts say is one failure more. Full output of each is kept in .build/test-logs/.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOGS = ROOT / ".build" / "test-logs"
PYTHON = ROOT / ".build" / "python" / "bin" / "python"
SIGNING = ROOT / ".build" / "signing" / "bin" / "python"
CLOSING = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)
LEFT_RUNNING = 125
TELLING = re.compile(r"^(?:skipped|FAILED): .*$", re.M)

ALONE = "TransportTests|ProgramTests|StartErrorTests|CollateralServiceTests|RemoteModelTests"

# name, what it shows, command, seconds it may take
SUITES = [
    ("unit", "every module's own tests", ["swift", "test", "--skip", ALONE], 1500),
    ("alone", "tests of sockets, of locks and of whole programs, which need the machine for themselves",
     ["swift", "test", "--skip-build", "--no-parallel", "--filter", ALONE], 450),
    ("kbs", "a client that is not ours fetches keys, and is refused", [str(PYTHON), "scripts/interop/kbs_checks.py"], 300),
    ("dcap", "a verifier that is not ours takes simulated TDX evidence as we do",
     [str(PYTHON), "scripts/interop/dcap_check.py"], 300),
    ("stores", "sealed models come from servers that are not ours, in memory that does not grow",
     [str(PYTHON), "scripts/interop/store_checks.py"], 400),
    ("gpu", "readers that are not ours take simulated GPU evidence as we do",
     [str(PYTHON), "scripts/interop/gpu_check.py"], 300),
    ("measure", "calculators that are not ours come to the launch measurements that we do",
     [str(PYTHON), "scripts/interop/measure_checks.py"], 300),
    ("signing", "models that PyPI's model-signing signed are taken, and refused once anything about them was changed",
     [str(SIGNING), "scripts/interop/signing_checks.py"], 300),
    ("collateral", "from vendors' servers to a key in a pod, and what goes on when one of them ends",
     [str(PYTHON), "scripts/interop/collateral_checks.py"], 300),
    ("sealing", "a sealing that is killed is gone on with, and nothing is sealed twice under one header",
     [str(PYTHON), "scripts/interop/sealing_checks.py"], 300),
    ("adapters", "adapters and their base from sealing to an engine that serves both; publishers' signatures",
     [str(PYTHON), "scripts/interop/adapter_checks.py"], 300),
    ("kill9", "whatever a client was given is in the log that kill -9 leaves",
     [str(PYTHON), "scripts/interop/kill9.py", "--seconds", "30"], 300),
    ("witness", "witnesses, relay and monitor against brokers and logs that lie",
     [str(PYTHON), "scripts/interop/witness_checks.py"], 300),
    ("crash", "no crash of a hostile disk loses what was released, and each broken promise of a disk shows",
     ["scripts/crash-histories"], 1200),
    ("faults", "a broker whose calls fail, whose disk fills, whose files change or whose clock jumps loses nothing released",
     [str(PYTHON), "scripts/interop/faults.py", "--seconds", "100"], 900),
    ("mutations", "twelve of the lines that protect, taken out one at a time: a test fails for each",
     ["scripts/mutate", "--sample", "12"], 1500),
    ("room", "an engine that means harm finds no way out of its room, wall by wall",
     [str(PYTHON), "scripts/interop/room_checks.py"], 300),
    ("hygiene", "key, plaintext and prompts are nowhere but where they belong, over a pod's whole life",
     [str(PYTHON), "scripts/interop/hygiene_checks.py"], 300),
    ("demo", "the demonstration goes as told, and fails where a program fails",
     [str(PYTHON), "scripts/interop/demo_checks.py"], 900),
    ("transcripts", "what the programs print and how they end", ["scripts/transcripts"], 300),
    ("scripts", "the checks of this repository find what they are for", [str(PYTHON), "-m", "unittest"], 300),
    ("fuzz", "every parser of outside bytes, a short run each", ["scripts/fuzz", "--seconds", "10"], 900),
]


def run(words, log, limit):
    """Output and exit status; a suite over its time is killed with all it started and has no status."""
    with open(log, "w+", errors="replace") as out:
        process = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            status = None
        if is_alive(process.pid, grace=0 if status is None else 2):
            os.killpg(process.pid, signal.SIGKILL)
            status = status if status is None else LEFT_RUNNING
        process.wait()
    return log.read_text(errors="replace"), status


def is_alive(group, grace):
    """Whether a process of the group still lives after `grace` seconds: a fault of the suite that left it."""
    end = time.monotonic() + grace
    while True:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        if time.monotonic() >= end:
            return True
        time.sleep(0.05)


def excerpt(text, lines=60):
    """What a person looks for first in a failed suite's output, indented so that no line of it reads as a result."""
    kept = [line for line in text.splitlines() if re.search(r"\u2718|error:|FAIL|Fatal|Traceback|Error", line)][:lines]
    return "\n".join(f"  | {line[:240]}" for line in [*kept, "...", *text.splitlines()[-lines // 2:]])


def in_xunit(file):
    """Counts and telling lines from one of SwiftPM's result files."""
    passed, failed, skipped, lines = 0, 0, 0, []
    try:
        cases = xml.etree.ElementTree.parse(file).iter("testcase")
    except xml.etree.ElementTree.ParseError:
        return 0, 1, 0, [f"FAILED: {file.name} is not whole: the tests ended before their results were written"]
    for case in cases:
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            lines.append(f"FAILED: {name}")
        elif case.find("skipped") is not None:
            skipped += 1
            lines.append(f"skipped: {name}")
        else:
            passed += 1
    return passed, failed, skipped, lines


def swift_tests(words, log, limit):
    results = [log.with_suffix(".xml"), log.with_name(f"{log.stem}-swift-testing.xml")]  # XCTest's and Swift Testing's, where there are any
    for file in results:
        file.unlink(missing_ok=True)
    text, status = run([*words, "--xunit-output", str(results[0])], log, limit)
    counts = [in_xunit(file) for file in results if file.exists()]
    passed, failed, skipped = (sum(count[index] for count in counts) for index in range(3))
    return text, status, (passed, failed, skipped), [line for count in counts for line in count[3]]


def python_tests(words, log, limit):
    text, status = run([*words, "discover", "-s", "Tests/Scripts"], log, limit)
    ran = re.search(r"^Ran (\d+) tests? in", text, re.M)
    counted = {kind: int(number) for kind, number in re.findall(r"(failures|errors|skipped)=(\d+)", text)}
    failed, skipped = counted.get("failures", 0) + counted.get("errors", 0), counted.get("skipped", 0)
    lines = [f"FAILED: {name}" for name in re.findall(r"^(?:FAIL|ERROR): (.*)$", text, re.M)]
    return text, status, ((int(ran[1]) if ran else 0) - failed - skipped, failed, skipped), lines


def closing_line(words, log, limit):
    text, status = run(words, log, limit)
    closing = CLOSING.findall(text)
    return text, status, tuple(map(int, closing[-1])) if closing else (0, 0, 0), TELLING.findall(text)


def judge(name, status, counts, limit):
    """A line for what the counts do not tell, or nothing."""
    if status is None:
        return f"FAILED: {name} took more than {limit} s"
    if status == LEFT_RUNNING:
        return f"FAILED: {name} left processes running"
    if status != 0 and counts[1] == 0:
        return f"FAILED: {name} ended with status {status}"
    if sum(counts) == 0:
        return f"FAILED: {name} ran no test"


def main():
    chosen = sys.argv[1:] or [name for name, *_ in SUITES]
    if unknown := set(chosen) - {name for name, *_ in SUITES}:
        sys.exit(f"test: no suite {', '.join(sorted(unknown))}; there are {', '.join(name for name, *_ in SUITES)}")
    LOGS.mkdir(parents=True, exist_ok=True)
    total = [0, 0, 0]
    for name, shows, words, limit in SUITES:
        if name not in chosen:
            continue
        print(f"{name}: {shows}", flush=True)
        start, log = time.monotonic(), LOGS / f"{name}.log"
        reader = {"unit": swift_tests, "alone": swift_tests, "scripts": python_tests}.get(name, closing_line)
        text, status, counts, lines = reader(words, log, limit)
        if trouble := judge(name, status, counts, limit):
            counts, lines = (counts[0], counts[1] + 1, counts[2]), [*lines, trouble]
        if counts[1]:
            print(excerpt(text))
        print("".join(f"  {line}\n" for line in lines), end="")
        print(f"  {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped in {time.monotonic() - start:.0f} s,"
              f" all of it in {log.relative_to(ROOT)}", flush=True)
        total = [sum(pair) for pair in zip(total, counts)]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    sys.exit(1 if total[1] or not total[0] else 0)


if __name__ == "__main__":
    main()
