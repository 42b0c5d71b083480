"""A broker with two approvers and a simulated TEE, on free ports of 127.0.0.1 and in one folder.

The demonstration, the interoperability checks and the crash test all play on it. Every process is the head of a group
of its own and ends with the stage, whatever happens; the folder belongs to the caller.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY_SECONDS = 60
MEASUREMENT = "5a" * 48  # what the simulated pod runs, as its launch digest


class StageError(Exception):
    """A program did not do what the stage needs; says which, and how it ended."""


class Program:
    """One running program and the file its output goes to."""

    def __init__(self, words, log, env=None):
        self.words, self.log = [str(word) for word in words], pathlib.Path(log)
        with open(log, "ab") as out:
            self.start = out.tell()
            self.process = subprocess.Popen(
                self.words, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, env=env)

    def output(self):
        return self.log.read_bytes()[self.start:].decode(errors="replace")

    def wait_for(self, pattern, seconds=READY_SECONDS):
        """The first match of `pattern` in its output."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ended = self.process.poll() is not None
            if match := re.search(pattern, self.output(), re.M):
                return match
            if ended:
                raise StageError(f"{self.words[0]} ended with {self.process.returncode}:\n{self.output()[-2000:]}")
            time.sleep(0.02)
        raise StageError(f"{self.words[0]} did not print {pattern!r} in {seconds} s:\n{self.output()[-2000:]}")

    def kill(self):
        """kill -9 of the whole group."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=25):
        """Ends it as an operator would, and its exit status; kills what does not end."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        self.kill()
        return self.process.returncode

    def signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass


class Stage:
    def __init__(self, folder, binaries):
        self.folder, self.binaries = pathlib.Path(folder), pathlib.Path(binaries)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state, self.pki = self.folder / "broker", self.folder / "simulated-vendor"
        self.client = self.state / "client.json"
        self.broker_url = self.admin_url = None
        self.programs = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in reversed(self.programs):
            program.stop()

    def path(self, name):
        return self.folder / name

    # people's tool

    def vouchsafe(self, *words, expect=0):
        """Runs `vouchsafe` with the operator's credentials; its standard output and error. `expect` None takes any end."""
        env = os.environ | {"VOUCHSAFE_CONFIG": str(self.client), "NO_COLOR": "1"}
        done = subprocess.run(
            [str(self.binaries / "vouchsafe"), *map(str, words)], stdin=subprocess.DEVNULL, env=env, timeout=60,
            capture_output=True, text=True)
        if expect is not None and done.returncode != expect:
            raise StageError(f"vouchsafe {' '.join(map(str, words))} ended with {done.returncode}, not {expect}:\n"
                             f"{done.stdout}{done.stderr}")
        return done

    # broker

    def init_broker(self):
        """Two approvers' keys and a broker's state that asks for both signatures."""
        for name in ("approver1", "approver2"):
            self.vouchsafe("key", "create", "--purpose", "approver", "--out", self.path(name))
        done = subprocess.run(
            [str(self.binaries / "vouchsafe-broker"), "init", "--state", str(self.state), "--quorum", "2",
             "--approver", str(self.path("approver1.vkey")), "--approver", str(self.path("approver2.vkey"))],
            capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise StageError(f"vouchsafe-broker init ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def start_broker(self, *options):
        """Serves on the ports of last time, or on any that are free; all clients are one address, so it may ask often."""
        if "--config" not in options:
            self.path("roomy.json").write_text('{"attestRatePerSecond": 1000, "attestBurst": 2000, "connectionsPerAddress": 256}')
            options = (*options, "--config", self.path("roomy.json"))
        listen = lambda url: url.removeprefix("https://") if url else "127.0.0.1:0"
        program = Program(
            [self.binaries / "vouchsafe-broker", "serve", "--state", self.state, "--listen", listen(self.broker_url),
             "--admin-listen", listen(self.admin_url), *options], self.path("broker.log"))
        self.programs.append(program)
        ready = program.wait_for(r"^ready .*broker=(https://\S+) .*admin=(https://\S+)")
        self.broker_url, self.admin_url = ready[1], ready[2]
        return program

    # simulated TEE

    def start_tee(self, measurement=MEASUREMENT, name="tee", technology="snp", gpus=0, fault=None):
        """Serves evidence of a pod with this launch digest or MRTD, and the URL it is at."""
        kind = ["--measurement", measurement]
        if technology == "tdx":
            kind = ["--tee", "tdx", "--mrtd", measurement, "--event-log"]
        if gpus:
            kind += ["--gpus", gpus]
        if (technology == "tdx" or gpus) and not self.collateral.exists():
            kind += ["--collateral", self.collateral]
        if fault:
            kind += ["--gpu-fault", fault]
        program = Program(
            [self.binaries / "simulated-tee", "serve", "--pki", self.pki, "--listen", "127.0.0.1:0", *kind],
            self.path(f"{name}.log"))
        self.programs.append(program)
        return program.wait_for(r"^ready (http://\S+)")[1]

    @property
    def anchors(self):
        return self.pki / "anchors.json"

    @property
    def collateral(self):
        """What the simulated vendors publish about a TDX platform and about GPUs."""
        return self.folder / "collateral"

    # what the broker may release

    def reference(self, name, resources, measurement=MEASUREMENT):
        """A reference bundle for the simulated TEEs; `acceptingSimulatedEvidence` is said in as many words."""
        floor = {"bootLoader": 3, "tee": 0, "snp": 8, "microcode": 115}
        return {
            "schema": "vouchsafe/reference/v1", "name": name, "workload": f"{name} inference pod",
            "acceptingSimulatedEvidence": True, "resources": resources,
            "tees": {"snp": {
                "measurements": [measurement], "products": ["Milan"],
                "minimumTCB": {"Milan": {"reported": floor, "launch": floor}},
                "requireRevocationCheck": False,
            }, "tdx": {"mrTD": [measurement]}},
        }

    def register(self, bundle):
        """Proposes the bundle, signs it as both approvers, submits it; what each step printed."""
        file, note = self.path(f"{bundle['name']}.json"), self.path(f"{bundle['name']}.note")
        file.write_text(json.dumps(bundle, indent=2))
        yield self.vouchsafe("reference", "propose", file, "--out", note)
        for approver in ("approver1.key", "approver2.key"):
            yield self.vouchsafe("reference", "sign", note, "--key", self.path(approver), "--yes")
        yield self.vouchsafe("reference", "submit", note, "--broker", self.admin_url)

    def put_key(self, resource, file, bundle):
        return self.vouchsafe("key", "put", resource, "--file", file, "--bundle", bundle, "--broker", self.admin_url)
