#!/usr/bin/env python3
"""A canary over the whole life of a pod: key, plaintext and prompt are nowhere but where they belong.

  hygiene_checks.py [--bin DIRECTORY]

A real broker, agent and engine. The model's key, a line of its plaintext and a prompt are looked for in every form in
files, logs, the termination log, environments, command lines, cores, and the memory of the agent and of the room's first
process: while the engine serves, after it ended well, after it crashed, after the agent was ended, quit and crashed, and
after starts that failed. The memory is searched as root; without that right that part is skipped.
"""
import argparse
import base64
import os
import pathlib
import secrets
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from checks import Checks, same, true  # noqa: E402
from stage import ROOT, Stage  # noqa: E402

import room_checks  # noqa: E402
from room_checks import Pod, ask, build_engine, missing_walls, stage_of  # noqa: E402

PLAIN = secrets.token_bytes(64)
PROMPT = f"prompt-{secrets.token_hex(16)}"
CHUNK = 1 << 20


def forms(secret):
    """The ways in which a secret is written."""
    encoded = base64.b64encode(secret).rstrip(b"=")
    return {secret, secret.hex().encode(), secret.hex().upper().encode(), encoded, encoded.translate(bytes.maketrans(b"+/", b"-_"))}


class Canary:
    """What must not be found; by name, in all its forms."""

    def __init__(self, key):
        self.wanted = {"the key": forms(key), "plaintext": forms(PLAIN) | forms(PLAIN[:32]), "the prompt": {PROMPT.encode()}}

    def found(self, data, names=None):
        return sorted(name for name, forms in self.wanted.items()
                      if (names is None or name in names) and any(form in data for form in forms))

    def in_files(self, folders, except_for):
        """`file: what` for each file that holds something. `except_for` says what may be where."""
        return [f"{file}: {name}" for folder in folders for file in folder.rglob("*") if file.is_file()
                for name in self.found(file.read_bytes()) if not except_for(file, name)]

    def in_processes(self, processes):
        return [f"{name} of process {process}: {what}" for process in processes for name in ("environ", "cmdline")
                for what in self.found(pathlib.Path(f"/proc/{process}/{name}").read_bytes())]

    def in_memory(self, process, names):
        """What the process has in memory that it can write to or that it made itself."""
        found = set()
        overlap = max(len(form) for forms in self.wanted.values() for form in forms)
        with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
            for start, end in ranges(process):
                before = b""
                for place in range(start, end, CHUNK):
                    try:
                        memory.seek(place)
                        data = memory.read(min(CHUNK, end - place))
                    except OSError:
                        break  # of a device, or gone since
                    found.update(self.found(before + data, names))
                    before = data[-overlap:]
        return sorted(found)


def ranges(process):
    for line in pathlib.Path(f"/proc/{process}/maps").read_text().splitlines():
        place, rights, *rest = line.split(None, 5)
        if rights.startswith("r") and not rest[-1].strip().startswith("[v"):
            yield tuple(int(end, 16) for end in place.split("-"))


def children(process):
    return [int(word) for task in pathlib.Path(f"/proc/{process}/task").iterdir()
            for word in (task / "children").read_text().split()]


def group(process):
    """A process and all below it."""
    return [process, *(below for child in children(process) for below in group(child))]


class Life:
    """Pods on one stage, and the search after each of them."""

    def __init__(self, pod, waived):
        self.pod, self.waived = pod, waived
        self.canary = Canary(pod.stage.path("model.key").read_bytes())

    def may_hold(self, file, name):
        """The provider's own copy of the key; the model in memory while a pod lives."""
        return (name == "the key" and file == self.pod.stage.path("model.key")
                or name == "plaintext" and file.name == "model.dat" and file.is_relative_to(self.pod.memory))

    def nothing_outside(self):
        folders = [self.pod.stage.folder, self.pod.memory]
        same(self.canary.in_files(folders, self.may_hold), [], "what files hold")
        cores = [file for folder in [*folders, pathlib.Path.cwd(), pathlib.Path("/")] for file in folder.glob("core*")]
        same(cores, [], "cores")

    def nothing_left(self):
        self.nothing_outside()
        same([file.name for file in self.pod.memory.iterdir()], [], "what is left in memory")

    def serving(self):
        with self.pod.agent(self.waived) as (program, place):
            true(stage_of(program, "ready"), f"the engine is not ready:\n{program.output()[-1000:]}")
            true(PLAIN in ask(place, "GET /model"), "the engine has no model")
            ask(place, f"GET /{PROMPT}")
            self.nothing_outside()
            same(self.canary.in_processes(group(program.process.pid)), [], "what environments and command lines hold")
        self.nothing_left()

    def memory(self):
        with self.pod.agent(self.waived) as (program, place):
            true(stage_of(program, "ready"), "the engine is not ready")
            agent = program.process.pid
            known = Canary(b"x" * 32)
            known.wanted = {"what it must know": {room_checks.RESOURCE.encode()}}
            same(known.in_memory(agent, None), ["what it must know"], "what the search finds that is there")
            for process, who in [(agent, "the agent"), *((child, "the room's first") for child in children(agent))]:
                same(self.canary.in_memory(process, {"the key", "plaintext"}), [], f"what {who} has in memory")
        self.nothing_left()

    def ended_by(self, number, whom, status):
        """A signal to the agent or to its engine, and the agent's status."""
        with self.pod.agent(self.waived) as (program, place):
            true(stage_of(program, "ready"), "the engine is not ready")
            ask(place, f"GET /{PROMPT}")
            target = program.process.pid if whom == "agent" else group(program.process.pid)[-1]
            os.kill(target, number)
            end = time.monotonic() + 20
            while program.process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
            same(program.process.returncode, status, "the agent's status")
        if whom == "engine" or number == signal.SIGTERM:
            self.nothing_left()
        else:  # what a crash leaves in memory is removed by the next agent: the last check sees to it
            self.nothing_outside()
            shutil.rmtree(place.parent)

    def failed_start(self):
        """Weights that open halfway, after the key was released."""
        blob = max((self.pod.stage.path("sealed") / "blobs").iterdir(), key=lambda file: file.stat().st_size)
        sound = blob.read_bytes()
        blob.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
        try:
            with self.pod.agent(self.waived) as (program, _):
                same(program.process.wait(20), 6, "the agent's status")
        finally:
            blob.write_bytes(sound)
        self.nothing_left()


def main():
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reading.add_argument("--bin", default=ROOT / ".build" / "debug", type=pathlib.Path)
    binaries = reading.parse_args().bin.resolve()
    room_checks.MODEL = (PLAIN + b"\n") * 30_000  # two segments
    checks = Checks()
    with (tempfile.TemporaryDirectory(prefix="vouchsafe-hygiene-") as folder,
          tempfile.TemporaryDirectory(prefix="vouchsafe-hygiene-", dir="/dev/shm") as memory,
          Stage(folder, binaries) as stage):
        pod = Pod(stage, pathlib.Path(memory), build_engine(folder))
        pod.stage.path("model").joinpath("model.dat").unlink()  # from here on it exists only sealed
        life = Life(pod, missing_walls(pod))
        checks.run("while it serves and afterwards, nothing is where it does not belong", life.serving)
        if os.geteuid() == 0:
            checks.run("the agent and the room's first process have forgotten key and plaintext", life.memory)
        else:
            checks.skip("the agent and the room's first process have forgotten key and plaintext", "not root")
        for number, whom, status in [
            (signal.SIGABRT, "engine", 134), (signal.SIGSEGV, "engine", 139), (signal.SIGTERM, "agent", 143),
            (signal.SIGSEGV, "agent", -signal.SIGSEGV), (signal.SIGABRT, "agent", -signal.SIGABRT),
        ]:
            checks.run(f"nothing is left by an {whom} that {signal.Signals(number).name} ended",
                       lambda: life.ended_by(number, whom, status))
        checks.run("nothing is left by a start that failed after the key", life.failed_start)
    checks.finish()


if __name__ == "__main__":
    main()
