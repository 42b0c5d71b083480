#!/usr/bin/env python3
"""`vouchsafe model seal` cut short, gone on with, and told lies.

  sealing_checks.py [--bin DIRECTORY]

It is killed with kill -9 while it seals, again and again; what it goes on with must be what it had, the rest must come
under new headers, and the model that comes of it must open to the files that went in. Then files change meanwhile, what
was written down is altered, and two work on one model. One line a check; the last is `N passed, N failed, N skipped`.
"""
import argparse
import hashlib
import json
import os
import pathlib
import pty
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))
from checks import Checks, same, true  # noqa: E402

FILES, MIB = 12, 6
HEADER = 40  # bytes before the first segment: salt and nonce prefix


class Model:
    """A folder of files to be sealed, and the command that does it."""

    def __init__(self, folder, program, name, files=FILES, mib=MIB):
        self.program, self.plain, self.sealed = program, folder / name, folder / f"{name}.sealed"
        self.key, self.partial = folder / f"{name}.key", folder / f".{name}.sealed.partial"
        (self.plain / "deep").mkdir(parents=True)
        for number in range(files):
            (self.plain / ("deep" if number % 2 else ".") / f"part{number}.dat").write_bytes(os.urandom((mib << 20) + number))

    def words(self, *more):
        return [self.program, "model", "seal", self.plain, self.sealed, "--model", "m", "--version", "1", "--key-file",
                self.key, *more]

    def seal(self, *more):
        return subprocess.run(list(map(str, self.words(*more))), capture_output=True, text=True)

    def cut(self, finished, *more):
        """Starts and kills it once so many files are finished; the headers it had used."""
        process = subprocess.Popen(list(map(str, self.words(*more))), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait(lambda: len(self.finished()) >= finished or process.poll() is not None)
            true(process.poll() is None, f"it ended with {process.poll()} before it could be cut")
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        return self.headers()

    def finished(self):
        folder = self.partial / "finished"
        return sorted(path.name for path in folder.iterdir() if path.stat().st_size) if folder.is_dir() else []

    def headers(self):
        """By the file's name, of all blobs there are, finished or not."""
        found = {}
        for folder in (self.partial / "blobs", self.sealed / "blobs"):
            for path in folder.iterdir() if folder.is_dir() else []:
                header = path.read_bytes()[:HEADER]
                if len(header) == HEADER:
                    found[path.name] = header
        return found

    def check_opens(self):
        out = self.sealed.with_suffix(".opened")
        done = subprocess.run(
            list(map(str, [self.program, "model", "open", self.sealed, out, "--key-file", self.key, "--verify-key",
                           f"{self.key}.provider.vkey", "--verify-digests", "--quiet"])), capture_output=True, text=True)
        same(done.returncode, 0, done.stderr)
        same(digests(out), digests(self.plain), "what was opened")
        shutil.rmtree(out)


def digests(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*") if path.is_file()}


def wait(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        true(time.monotonic() < end, "nothing happened")
        time.sleep(0.002)


def cut_and_gone_on_with(make):
    model, used = make("cut"), {}
    for finished in (2, 4, 6):
        for name, header in model.cut(finished).items():
            true(used.setdefault(name, header) == header, f"{name} has another header now")
    kept = model.finished()
    done = model.seal()
    same(done.returncode, 0, done.stderr)
    true(f"{len(kept)} of {FILES} files are sealed since" in done.stderr, done.stderr)
    after = model.headers()
    true(set(kept) <= set(after), "a finished file was sealed again")
    new = [header for name, header in after.items() if name not in used]
    true(not set(new) & set(used.values()), "a header of an unfinished file was used again")
    same(len(set(after.values())), FILES, "headers")
    same(sorted(path.name for path in model.sealed.iterdir()), ["blobs", "manifest.json", "manifest.note"])
    same(len(after), FILES, "blobs")
    true(not model.partial.exists(), "something is left of the attempts")
    model.check_opens()


def changed_meanwhile(make):
    """A finished file that was changed is sealed anew."""
    model = make("changed")
    model.cut(3)
    before = model.finished()
    for path in model.plain.rglob("*.dat"):
        times = path.stat()
        with open(path, "r+b") as file:
            file.write(b"changed")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # a file that looks as old as it was
    done = model.seal()
    same(done.returncode, 0, done.stderr)
    true("are sealed since" not in done.stderr, "changed files are taken for sealed")
    true(not set(before) & set(model.headers()), "a blob of a changed file is there")
    model.check_opens()


def lies(make, name, tell):
    """What is written down, or a blob, was altered: that file is sealed anew, and the model opens."""
    model = make(name)
    model.cut(3)
    kept = model.finished()
    tell(model, kept[0])
    done = model.seal()
    same(done.returncode, 0, done.stderr)
    true(kept[0] not in model.headers(), "it was taken for sealed")
    true(f"{len(kept) - 1} of {FILES}" in done.stderr, done.stderr)
    model.check_opens()


def other_digest(model, name):
    path = model.partial / "finished" / name
    tag, _, record = path.read_text().partition(" ")
    record = json.loads(record)
    record["sha256"] = "0" * 64
    path.write_text(f"{tag} {json.dumps(record, sort_keys=True, separators=(',', ':'))}")


def other_name(model, name):
    path = model.partial / "finished" / name
    shutil.copy(model.partial / "finished" / model.finished()[1], path)


def other_key(make):
    """What was sealed under another key is not mixed in."""
    model = make("key")
    model.cut(2)
    kept = model.finished()
    model.key.write_bytes(os.urandom(32))
    done = model.seal()
    same(done.returncode, 0, done.stderr)
    true(not set(kept) & set(model.headers()), "a blob under another key is there")
    model.check_opens()


def restart(make):
    model = make("restart")
    model.cut(3)
    kept = model.finished()
    done = model.seal("--restart")
    same(done.returncode, 0, done.stderr)
    true(not set(kept) & set(model.headers()), "it went on where it should begin anew")
    model.check_opens()


def two_at_once(make):
    model = make("two")
    first = subprocess.Popen(list(map(str, model.words())), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(lambda: model.finished() or first.poll() is not None)
        second = model.seal()
        same(second.returncode, 1, second.stderr)
        true("another process" in second.stderr, second.stderr)
    finally:
        same(first.wait(60), 0, "the first one's status")
    model.check_opens()


def written_to(make):
    """A file that somebody writes to while it is sealed is not given a digest that is of neither state."""
    model = make("written", files=1, mib=96)
    process = subprocess.Popen(list(map(str, model.words())), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait(lambda: any(path.stat().st_size > 4 << 20 for path in (model.partial / "blobs").glob(".*")))
    with open(model.plain / "part0.dat", "r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")
    error = process.communicate(timeout=60)[1]
    same(process.returncode, 3, error)
    true("was written to while it was sealed" in error, error)
    true(not model.sealed.exists(), "it was sealed")
    same(model.seal().returncode, 0, "the next attempt")
    model.check_opens()


def full_disk(make):
    """A disk that is full, here a limit on the size of files: what was sealed before stays for the next attempt, what was
    begun does not."""
    model = make("full")
    model.cut(3)
    kept = model.finished()
    (model.plain / "large.dat").write_bytes(os.urandom(40 << 20))

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20 << 20, 20 << 20))
    words = list(map(str, model.words("--threads", "1")))
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=limited)
    same(done.returncode, 3, done.stderr)
    same(len(done.stderr.splitlines()[-1:]), 1)
    true(not model.sealed.exists(), "a part of the model was published")
    same(model.finished(), kept, "files that are sealed")
    begun = {name: header for name, header in model.headers().items() if name not in kept}
    same(model.seal().returncode, 0, "the next attempt")
    after = model.headers()
    true(set(kept) <= set(after), "a file was sealed again")
    true(not set(begun.values()) & set(after.values()), "a header of a file that was begun was used again")
    same(len(after), FILES + 1, "blobs")
    true(not model.partial.exists(), "something is left of the attempts")
    model.check_opens()


def same_bytes(make):
    """One file, many threads: in one piece and in order."""
    model = make("wide", files=1, mib=40)
    same(model.seal("--threads", "8").returncode, 0)
    model.check_opens()


def memory(make):
    """What it needs does not grow with the model."""
    model = make("memory", files=2, mib=160)
    process = subprocess.Popen(list(map(str, model.words())), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        if (found := re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)) and "vouchsafe" in status.splitlines()[0]:
            most = max(most, int(found[1]))
        time.sleep(0.01)
    same(process.returncode, 0, "status")
    true(0 < most < 64 << 10, f"{most >> 10} MiB for a model of 320 MiB")


def progress(make):
    """A bar on a terminal, lines of JSON elsewhere, nothing when asked for quiet."""
    model = make("bar", files=2, mib=200)

    def held_up(errors):
        """Stopped for longer than work may take without a word."""
        process = subprocess.Popen(list(map(str, model.words())), stdout=subprocess.DEVNULL, stderr=errors)
        time.sleep(0.05)
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.1)
        process.send_signal(signal.SIGCONT)
        return process
    piped = model.seal("--quiet")
    same((piped.returncode, [line for line in piped.stderr.splitlines() if "percent" in line]), (0, []))
    shutil.rmtree(model.sealed)
    process = held_up(subprocess.PIPE)
    lines = process.communicate()[1].decode().splitlines()
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    shares = [row["percent"] for row in rows]
    true(rows and shares == sorted(shares) and all(row["stage"] == "seal" for row in rows), f"{rows}")
    shutil.rmtree(model.sealed)
    master, slave = pty.openpty()
    process = held_up(slave)
    os.close(slave)
    shown = b""
    while True:
        try:
            shown += os.read(master, 4096)
        except OSError:
            break
    same(process.wait(), 0)
    true(b"seal [" in shown and shown.rstrip().endswith(b"\x1b[K"), f"{shown[-200:]!r}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / ".build" / "debug")
    program = parser.parse_args().bin.resolve() / "vouchsafe"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vouchsafe-sealing-"))
    checks = Checks()

    def make(name, **more):
        return Model(folder, program, name, **more)
    try:
        checks.run("cut three times and gone on with", lambda: cut_and_gone_on_with(make))
        checks.run("files that changed meanwhile", lambda: changed_meanwhile(make))
        checks.run("another digest written down", lambda: lies(make, "digest", other_digest))
        checks.run("one file written down as another", lambda: lies(make, "other", other_name))
        checks.run("a blob cut short", lambda: lies(
            make, "short", lambda model, name: os.truncate(model.partial / "blobs" / name, 1 << 20)))
        checks.run("a blob that is gone", lambda: lies(
            make, "gone", lambda model, name: (model.partial / "blobs" / name).unlink()))
        checks.run("another key", lambda: other_key(make))
        checks.run("asked to begin anew", lambda: restart(make))
        checks.run("two at once", lambda: two_at_once(make))
        checks.run("written to while it is sealed", lambda: written_to(make))
        checks.run("a full disk", lambda: full_disk(make))
        checks.run("many threads on one file", lambda: same_bytes(make))
        checks.run("memory", lambda: memory(make))
        checks.run("progress", lambda: progress(make))
    finally:
        shutil.rmtree(folder)
    checks.finish()


if __name__ == "__main__":
    main()
