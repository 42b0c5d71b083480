#!/usr/bin/env python3
"""The demonstration, played on programs that are built already: as told, and with a program that does not do its work.

  demo_checks.py [--bin DIRECTORY] [--engine PYTHON]

What it leaves must be one log, which this script and Go's sumdb/tlog both read, and no process and no file besides.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from checks import Checks, same, true  # noqa: E402
from stage import ROOT  # noqa: E402

import tlog_proof  # noqa: E402

STORY = ROOT / "Examples" / "demo" / "story.py"
SECONDS = 240
MEMORY = pathlib.Path("/dev/shm")


def play(folder, binaries, engine, *options):
    """The finished process and the folder it had for its own files."""
    own = pathlib.Path(folder, "own")
    own.mkdir()
    before = set(MEMORY.glob("vouchsafe-demo-*"))
    done = subprocess.run(
        [sys.executable, STORY, "--bin", binaries, "--engine", engine, "--keep", pathlib.Path(folder, "kept"),
         *options],
        env=os.environ | {"TMPDIR": str(own)}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
    same([file.name for file in own.iterdir()], [], "what is left of its own folder")
    same(set(MEMORY.glob("vouchsafe-demo-*")) - before, set(), "what is left in memory")
    same(running(own), [], "programs that still run")
    return done


def running(folder):
    """Command lines of processes that name the folder."""
    found = []
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if f"{folder}/" in words:
            found.append(words.replace("\0", " "))
    return found


def as_told(given, tee, *options):
    with tempfile.TemporaryDirectory(prefix="vouchsafe-demo-checks-") as folder:
        done = play(folder, given.bin, given.engine, "--tee", tee, *options)
        same(done.returncode, 0, f"the status ({done.stdout[-1500:]}{done.stderr[-1500:]})")
        last = re.fullmatch(r"log: (\S+) vkey: (\S+)", done.stdout.splitlines()[-1])
        true(last, f"the last line is {done.stdout.splitlines()[-1]!r}")
        entries = tlog_proof.audit(last[1], tlog_proof.VerifierKey(pathlib.Path(last[2]).read_text()))
        true(len(entries) >= 8, f"the log has {len(entries)} entries")
        decided = [entry for entry in map(json.loads, entries) if entry.get("type") == "decision"]
        same({name for entry in decided for name in entry["tee"]}, {tee} | ({"nvgpu"} if options else set()), "what the decisions are about")
        tlog_proof.go_accepts(last[1], last[2])


def with_a_broken_program(given, name, text):
    with tempfile.TemporaryDirectory(prefix="vouchsafe-demo-checks-") as folder:
        binaries = pathlib.Path(folder, "bin")
        binaries.mkdir()
        for program in ("vouchsafe", "vouchsafe-agent", "vouchsafe-broker", "simulated-tee"):
            binaries.joinpath(program).symlink_to(given.bin.resolve() / program)
        broken = binaries / name
        broken.unlink()
        broken.write_text(text.replace("REAL", str(given.bin.resolve() / name)))
        broken.chmod(0o755)
        done = play(folder, binaries, given.engine)
        true(done.returncode not in (0, None), "it ended well")
        true("log: " not in done.stdout.splitlines()[-1], "it names a log")
        true(done.stderr.strip(), "it does not say why")


def main():
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reading.add_argument("--bin", default=ROOT / ".build" / "debug", type=pathlib.Path)
    reading.add_argument("--engine", default=ROOT / ".build" / "engine" / "bin" / "python", type=pathlib.Path)
    given = reading.parse_args()
    checks = Checks()
    for words in (["snp"], ["tdx"], ["snp", "--gpu"]):
        checks.run(f"the demonstration with {' '.join(words)} goes as told and leaves one log",
                   lambda words=words: as_told(given, *words))
    for name, text in [
        ("vouchsafe-agent", "#!/bin/sh\nexit 0\n"),
        ("vouchsafe-broker", '#!/bin/sh\n[ "$1" = init ] && exec REAL "$@"\nexit 3\n'),
        ("vouchsafe", '#!/bin/sh\n[ "$1 $2" = "audit verify" ] && exit 6\nexec REAL "$@"\n'),
    ]:
        checks.run(f"it fails and cleans up when {name} fails", lambda: with_a_broken_program(given, name, text))
    checks.finish()


if __name__ == "__main__":
    main()
