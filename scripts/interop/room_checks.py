#!/usr/bin/env python3
"""An engine that means harm, in the agent's room: every way out is tried and must be shut, while it serves.

  room_checks.py [--bin DIRECTORY]

A real broker and agent on simulated evidence. The engine is told everything about what is outside, tries each way out in
a process of its own, and says what stopped it. Then one wall after another is waived, and the ways out that it shut must
be open: so every wall is shown to be what holds. What this machine lets nobody build is skipped, with the reason.
"""
import argparse
import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from checks import Checks, same, true  # noqa: E402
from stage import ROOT, Program, Stage  # noqa: E402
from walls import WALLS, named  # noqa: E402

import tlog_proof  # noqa: E402

RESOURCE, MODEL = "models/hostile/key", b"the weights, which must stay in the pod\n" * 100
SCRATCH_MIB = 16
SPOKEN, ENVIRONMENT = b"hostile-engine-was-here", "agents-own-secret"

# Ways out that are open as soon as a wall is gone, on any machine: what shows that this wall, and no other, shut them.
OPEN_WITHOUT = {
    "user": {"rootAgain"},
    "network": {"loopbackPort", "loopbackPortOverSix", "guestComponents", "abstractSocket"},
    "files": {"outsideFile", "outsideThroughRoot", "machineIdentity", "systemTree", "plantProgram"},
    "processes": {"sharedMemory"},
    "systemCalls": {"traceChild", "readOtherMemory", "cloneThree", "virtualSocket", "executableData"},
}


def ask(place, request, body=""):
    """The answer's body; a request is written at once, as the engine wants it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(place))
        connection.sendall(f"{request} HTTP/1.1\r\nHost: engine\r\n\r\n{body}".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, rest = answer.partition(b"\r\n\r\n")
    true(head.startswith(b"HTTP/1.1 200 "), f"the engine answered {head[:40]!r}")
    return rest


def build_engine(folder):
    """Not one of the package's programs: those need the toolchain's libraries, which are not in the room."""
    swift = shutil.which("swift")
    compilers = [pathlib.Path(swift).resolve().with_name("clang")] if swift else []
    compiler = next((path for path in compilers if path.exists()), None) or shutil.which("cc") or shutil.which("clang")
    true(compiler, "no C compiler")
    program = pathlib.Path(folder, "engine", "hostile-engine")
    program.parent.mkdir()
    subprocess.run(
        [compiler, "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-o", program,
         *sorted((ROOT / "Tests" / "HostileEngine").glob("*.c"))], check=True, timeout=120)
    return program


class Outside:
    """What an engine could reach if it were not in a room."""

    def __init__(self, folder):
        self.secret = pathlib.Path(folder, "secret")
        self.secret.write_text("a file of this machine\n")
        self.secret.chmod(0o644)
        self.abstract = f"vouchsafe-room-{os.getpid()}"
        self.other = pathlib.Path(folder, "other.sock")
        self.port = self.listen(socket.AF_INET, ("127.0.0.1", 0)).getsockname()[1]
        self.listen(socket.AF_UNIX, f"\0{self.abstract}")
        self.listen(socket.AF_UNIX, str(self.other))
        self.other.chmod(0o666)
        self.key = 0x5EA1 + os.getpid()
        libc = ctypes.CDLL(None, use_errno=True)
        self.segment = libc.shmget(self.key, 4096, 0o1666)  # IPC_CREAT
        true(self.segment >= 0, "no shared memory segment")

    def listen(self, family, address):
        listener = socket.socket(family)
        listener.bind(address)
        listener.listen(64)
        self.listeners = [*getattr(self, "listeners", []), listener]
        return listener

    def close(self):
        for listener in self.listeners:
            listener.close()
        ctypes.CDLL(None).shmctl(self.segment, 0, None)  # IPC_RMID

    def facts(self, agent, guest):
        return (f"secret {self.secret}\nabstract {self.abstract}\nother {self.other}\nagent {agent}\n"
                f"port {self.port}\nguest {guest}\nsegment {self.key}\nscratch {SCRATCH_MIB << 20}\n")


class Pod:
    """A stage with one approved model, and agents on it."""

    def __init__(self, stage, memory, engine):
        self.stage, self.memory, self.engine = stage, memory, engine
        plain = stage.path("model")
        plain.mkdir()
        plain.joinpath("model.dat").write_bytes(MODEL)
        stage.vouchsafe("key", "create", "--purpose", "provider", "--out", stage.path("provider"))
        stage.vouchsafe("model", "seal", plain, stage.path("sealed"), "--model", "hostile", "--version", "1", "--key-file",
                        stage.path("model.key"), "--sign-key", stage.path("provider.key"))
        stage.init_broker()
        self.guest = stage.start_tee()
        self.broker = stage.start_broker("--anchors", stage.anchors)
        list(stage.register(stage.reference("hostile", [RESOURCE])))
        stage.put_key(RESOURCE, stage.path("model.key"), "hostile")
        self.count = 0

    def configuration(self, name, waived):
        return {
            "broker": {
                "url": self.stage.broker_url, "resource": RESOURCE, "caFile": str(self.stage.state / "tls" / "cert.pem"),
                "logVerifierKeyFile": str(self.stage.state / "log.vkey"),
            },
            "evidence": {"source": "api-server-rest", "apiServerRest": self.guest},
            "model": {"directory": str(self.stage.path("sealed")),
                      "providerVerifierKeyFile": str(self.stage.path("provider.vkey"))},
            "destination": {"tmpfs": str(self.memory), "name": name, "acceptingSwap": True},
            "engine": {
                "command": str(self.engine), "arguments": ["{model}/model.dat", "{socket}"], "graceSeconds": 5,
                "socket": str(self.memory / f"{name}.run" / "engine.sock"), "readySeconds": 30,
                "environment": {"GIVEN": "1"},
                "room": {"waive": waived, "readable": [str(self.engine.parent)], "scratchMiB": SCRATCH_MIB},
            },
            "terminationLog": str(self.stage.path(f"{name}.termination")),
        }

    @contextlib.contextmanager
    def agent(self, waived):
        """A running agent, its timeline, and the engine's socket; both when it has ended, too."""
        self.count += 1
        name = f"pod{self.count}"
        file = self.stage.path(f"{name}.json")
        file.write_text(json.dumps(self.configuration(name, waived)))
        program = Program(
            [self.stage.binaries / "vouchsafe-agent", "run", "--config", file], self.stage.path(f"{name}.log"),
            env={"PATH": "/usr/bin:/bin", "SECRET": ENVIRONMENT})
        try:
            program.wait_for(r'^\{"stage":"(ready|end)"|"reason":"(?!ok)')
            yield program, self.memory / f"{name}.run" / "engine.sock"
        finally:
            program.stop()


def timeline(program):
    return [json.loads(line) for line in program.output().splitlines() if line.startswith("{")]


def stage_of(program, name):
    return next((line for line in timeline(program) if line["stage"] == name), None)


def missing_walls(pod):
    """Walls that this machine lets nobody build, as the agent tells them: it must stop over them."""
    with pod.agent([]) as (program, _):
        if stage_of(program, "ready"):
            return []
        program.process.wait(10)
        last = timeline(program)[-1]
        same(last["reason"], "wallsMissing", "the reason")
        true(not stage_of(program, "evidence"), "it asked for a key and could not build its room")
        return named(last["hint"])


def escapes(pod, outside, waived):
    """What the engine made of each way out, by name: (wall, result, errno)."""
    with pod.agent(waived) as (program, place):
        true(stage_of(program, "ready"), f"the engine is not ready:\n{program.output()[-1500:]}")
        text = ask(place, "POST /escapes", outside.facts(program.process.pid, int(pod.guest.rsplit(":", 1)[1])))
        same(ask(place, "GET /model"), MODEL, "what the engine serves afterwards")
        found = {}
        for line in text.decode().splitlines():
            name, wall, result, number = line.split()
            found[name] = (wall, result, number)
        variables = ask(place, "GET /environment").decode()
        true(ENVIRONMENT not in variables and "GIVEN=1" in variables, "the engine has the agent's environment")
        room = stage_of(program, "room")
        same(room["waived"], [wall for wall in WALLS if wall in waived], "what the agent says is waived")
    log = program.output().encode()
    true((SPOKEN in log) == ("output" in waived), "the engine's output is in the agent's log, or is not where it should be")
    same([file.name for file in pod.memory.iterdir()], [], "what is left in memory")
    return found


def every_way_out(checks, found, missing):
    for name, (wall, result, number) in found.items():
        if wall in missing:
            checks.skip(f"room: {name}", f"this machine builds no wall {wall}")
        elif result == "nothing":
            checks.skip(f"room: {name}", "this machine has no such thing")
        else:
            checks.run(f"room: {name} is shut ({number})", lambda: same(result, "held", "the way out"))


def opened(pod, outside, wall, missing):
    """That this wall is what shuts its ways out: without it they are open."""
    found = escapes(pod, outside, [*missing, wall])
    still = {name for name in OPEN_WITHOUT[wall] if found[name][1] == "held"}
    same(still, set(), f"ways out that are shut without the wall {wall}")


def waiver_is_logged(pod, missing):
    """What is waived is in the leaf of the decision, and replay finds it in the evidence."""
    waived = [wall for wall in WALLS if wall in [*missing, "output"]]
    with pod.agent(waived) as (program, _):
        true(stage_of(program, "ready"), "the engine is not ready")
    pod.broker.stop()  # so that all of the log is in its files
    log = pod.stage.state / "log"
    entries = map(json.loads, tlog_proof.audit(log, tlog_proof.VerifierKey((pod.stage.state / "log.vkey").read_text())))
    last = [entry for entry in entries if entry.get("type") == "decision"][-1]
    same((last["result"], last.get("waived")), ("allow", waived), "the last decision's leaf")
    pod.stage.vouchsafe("audit", "replay", "--all", "--log", log, "--vkey", pod.stage.state / "log.vkey", "--evidence",
                        pod.stage.state / "evidence")


def main():
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reading.add_argument("--bin", default=ROOT / ".build" / "debug", type=pathlib.Path)
    given = reading.parse_args()
    checks = Checks()
    binaries = given.bin.resolve()
    with (tempfile.TemporaryDirectory(prefix="vouchsafe-room-") as folder,
          tempfile.TemporaryDirectory(prefix="vouchsafe-room-", dir="/dev/shm") as memory,
          Stage(folder, binaries) as stage):
        for path in (folder, memory):
            os.chmod(path, 0o755)  # so that only walls are in the engine's way
        pod = Pod(stage, pathlib.Path(memory), build_engine(folder))
        outside = Outside(folder)
        try:
            missing = checks.run("the agent says which walls it cannot build", lambda: missing_walls(pod))
            if missing is None:
                checks.finish()
            found = checks.run("the engine serves while it tries", lambda: escapes(pod, outside, missing)) or {}
            checks.run("it tries more than sixty ways", lambda: true(len(found) > 60, f"only {len(found)}"))
            every_way_out(checks, found, missing)
            for wall in OPEN_WITHOUT:
                if wall in missing:
                    checks.skip(f"without the wall {wall} its ways out are open", "this machine does not build it")
                else:
                    checks.run(f"without the wall {wall} its ways out are open",
                               lambda: opened(pod, outside, wall, missing))
            checks.run("what is waived is in the log", lambda: waiver_is_logged(pod, missing))
        finally:
            outside.close()
    checks.finish()


if __name__ == "__main__":
    main()
