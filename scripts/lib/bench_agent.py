"""What the agent costs a pod: its size, its time to the first request, its memory beside the weights."""
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time

from bench import table
from local import resident
from stage import Program, Stage
from walls import named, stopped_over

GOAL = {"static binary": 20 << 20, "exec to first request": 0.050, "memory beside the weights": 32 << 20}
RESOURCE = "models/bench/key"


def options(parser):
    parser.add_argument("--agent", type=pathlib.Path, required=True, help="the statically linked release build")
    parser.add_argument("--rounds", type=int, default=21, help="starts that are timed (default: 21)")
    parser.add_argument("--mib", type=int, default=1024, help="size of the model that is opened, in MiB (default: 1024)")


def run(arguments):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vouchsafe-bench-"))
    memory = pathlib.Path(tempfile.mkdtemp(prefix="vouchsafe-bench-", dir="/dev/shm"))
    try:
        with Stage(folder, arguments.bin) as stage:
            measure(Pod(stage, arguments.agent.resolve(), memory, arguments.mib), arguments)
    finally:
        shutil.rmtree(folder)
        shutil.rmtree(memory)


def measure(pod, arguments):
    size, libraries = binary(pod.agent, pod.stage.path("stripped"))
    starts = [pod.first_request() for _ in range(arguments.rounds)]
    peak, rest = pod.memory_use()
    print(f"The agent, {arguments.rounds} starts, a model of {arguments.mib} MiB:")
    rows = [["", "", "goal", ""]]
    mib = lambda value: f"{value / (1 << 20):.1f} MiB"
    milliseconds = lambda value: f"{1000 * value:.1f} ms"
    middle = statistics.median(starts)
    for name, value, text in [("static binary", size, mib), ("exec to first request", middle, milliseconds),
                              ("memory beside the weights", peak, mib)]:
        goal = GOAL[name]
        rows.append([name, text(value), text(goal), "kept" if value <= goal else "MISSED"])
    rows.append(["  the slowest start", milliseconds(max(starts)), "", ""])
    rows.append(["  memory while the engine runs", mib(rest), "", ""])
    table(rows)
    print(f"  needs of the system: {', '.join(libraries)}")
    if pod.waived:
        print("  without the walls that this machine lets nobody build: " + ", ".join(pod.waived))


def binary(agent, copy):
    """Bytes without symbols, and the libraries it asks for by name."""
    subprocess.run(["strip", "-o", copy, agent], check=True)
    dynamic = subprocess.run(["readelf", "-d", agent], check=True, capture_output=True, text=True).stdout
    return copy.stat().st_size, re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)


class Pod:
    """A stage with one approved model, and agents on it."""

    def __init__(self, stage, agent, memory, mib):
        self.stage, self.agent, self.memory, self.waived = stage, agent, memory, []
        plain = stage.path("model")
        plain.mkdir()
        with open(plain / "model.dat", "wb") as file:
            for _ in range(mib):
                file.write(os.urandom(1 << 20))
        stage.vouchsafe("key", "create", "--purpose", "provider", "--out", stage.path("provider"))
        stage.vouchsafe("model", "seal", plain, stage.path("sealed"), "--model", "bench", "--version", "1", "--key-file",
                        stage.path("model.key"), "--sign-key", stage.path("provider.key"))
        shutil.rmtree(plain)
        stage.init_broker()
        self.guest = stage.start_tee()
        stage.start_broker("--anchors", stage.anchors)
        list(stage.register(stage.reference("bench", [RESOURCE])))
        stage.put_key(RESOURCE, stage.path("model.key"), "bench")

    def start(self, broker_url):
        file = self.stage.path("pod.json")
        file.write_text(json.dumps({
            "broker": {"url": broker_url, "resource": RESOURCE, "caFile": str(self.stage.state / "tls" / "cert.pem"),
                       "logVerifierKeyFile": str(self.stage.state / "log.vkey")},
            "evidence": {"source": "api-server-rest", "apiServerRest": self.guest},
            "model": {"directory": str(self.stage.path("sealed")),
                      "providerVerifierKeyFile": str(self.stage.path("provider.vkey"))},
            "destination": {"tmpfs": str(self.memory), "acceptingSwap": True},
            "engine": {"command": "/bin/sleep", "arguments": ["60"], "graceSeconds": 5,
                       "room": {"waive": self.waived}},
            "terminationLog": str(self.stage.path("termination")),
        }))
        return Program([self.agent, "run", "--config", file], self.stage.path("agent.log"), env={"PATH": "/usr/bin:/bin"})

    def first_request(self):
        """Seconds from the start of the program until it knocks at the broker: configuration, room, manifest, place
        for the weights, and the guest's answer to what it is."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(20)
            arrival = []

            def wait():
                connection, _ = listener.accept()
                arrival.append(time.monotonic())
                connection.close()
            thread = threading.Thread(target=wait)
            thread.start()
            start = time.monotonic()
            program = self.start(f"https://127.0.0.1:{listener.getsockname()[1]}")
            try:
                while thread.is_alive() and program.process.poll() is None:
                    thread.join(0.05)
            finally:
                program.stop()
        if arrival:
            return arrival[0] - start
        hint = stopped_over(program.output())
        if not hint or self.waived:
            raise SystemExit(f"bench: the agent did not ask the broker:\n{program.output()}")
        self.waived = named(hint)
        return self.first_request()

    def memory_use(self):
        """The most that was resident and is not the weights, in bytes; and what is while the engine runs."""
        program, peak, now = self.start(self.stage.broker_url), 0, 0
        try:
            end = time.monotonic() + 120
            while time.monotonic() < end and program.process.poll() is None:
                now = resident(program.process.pid)
                peak = max(peak, now)
                if '"stage":"engine","reason":"ok"' in program.output():
                    time.sleep(0.5)
                    return peak, resident(program.process.pid)
                time.sleep(0.002)
        finally:
            program.stop()
        raise SystemExit(f"bench: the agent did not open the model:\n{program.output()}")
