"""How fast a sealed model opens into memory, beside cp, curl and programs that decrypt files."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from bench import ROOT, in_rounds, ratio, table
from local import certificate, listens, nginx, until

PEER = ROOT / "scripts" / "lib" / "weight_peers.py"

HUGE = 2 << 20
LEAD = 256 << 20  # bytes that are free ahead of who fills a place


def options(parser):
    parser.add_argument("--mib", type=int, default=4096, help="size of the model (default: 4096)")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (default: 3)")
    parser.add_argument("--threads", type=int, default=2, help="threads of ours and of the Python peer (default: 2)")
    parser.add_argument("--libcrypto", type=pathlib.Path, metavar="FILE",
                        help="another libcrypto.so.3 that vouchsafe runs with as well, for one row more")
    parser.add_argument("--work", type=pathlib.Path, help="where the sealed model lies (default: a temporary folder)")
    parser.add_argument("--inside", action="store_true", help="do not ask for mounts of our own")


def run(arguments):
    if not arguments.inside and in_own_namespace():
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vouchsafe-bench-", dir=arguments.work))
    try:
        Bench(arguments, folder).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def in_own_namespace():
    """The same again where we may mount: as root, or as root of a user namespace. False where neither can be."""
    for words in (["unshare", "-m"], ["unshare", "-rm"]):
        if subprocess.run([*words, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0:
            status = subprocess.run([*words, sys.executable, *sys.argv, "--inside"]).returncode
            if status:
                sys.exit(status)
            return True
    return False


class Bench:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.bytes = arguments.mib << 20
        self.vouchsafe = str(arguments.bin / "vouchsafe")

    def run(self):
        self.prepare()
        print(f"{self.arguments.mib} MiB, {self.arguments.threads} threads, sealed file in the page cache, warm memory; "
              f"medians of {self.arguments.rounds} rounds, and of the ratios within a round")
        with self.mounted("warm", "always") as self.huge:
            for name, kind in (("4 KiB pages", "never"), ("huge pages", "always")):
                with self.mounted(kind, kind) as place:
                    if place:
                        self.measure(name, place)
                    elif kind == "always":
                        print("no huge pages: mounting is not permitted here")
                    else:
                        with tempfile.TemporaryDirectory(prefix="vouchsafe-bench-", dir="/dev/shm") as place:
                            self.measure("/dev/shm", pathlib.Path(place))

    @contextlib.contextmanager
    def mounted(self, name, huge):
        """A memory file system with pages of that kind; None where we may not mount."""
        place = self.folder / name
        place.mkdir()
        options = f"huge={huge},size={self.arguments.mib + 1024}m"
        words = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
        if subprocess.run(words, capture_output=True).returncode:
            yield None
            return
        try:
            yield place
        finally:
            subprocess.run(["umount", str(place)])

    # preparation

    def prepare(self):
        plain = self.folder / "plain"
        plain.mkdir()
        block = os.urandom(64 << 20)
        with open(plain / "weights.dat", "wb") as out:
            for start in range(0, self.bytes, len(block)):
                out.write(start.to_bytes(8, "little") + block[8:min(len(block), self.bytes - start)])
        self.call(self.vouchsafe, "model", "seal", plain, self.folder / "sealed", "--model", "bench", "--version", "1",
                  "--key-file", self.folder / "key", "--quiet")
        [self.blob] = (self.folder / "sealed" / "blobs").iterdir()
        self.peers = {}
        if self.arguments.libcrypto:
            ours, name = {"LD_PRELOAD": str(self.arguments.libcrypto.resolve())}, openssl_version(self.arguments.libcrypto)
            self.peers[f"vouchsafe, {name}"] = lambda place: self.ours(place, environment=ours)
        self.prepare_python(plain)
        self.prepare_tools(plain)
        shutil.rmtree(plain)
        self.prepare_nginx()

    def prepare_python(self, plain):
        """The package of PyPI brings an OpenSSL of its own, often a faster one than the system's; the system's package
        has the system's."""
        ask = "from cryptography.hazmat.backends.openssl import backend; print(backend.openssl_version_text())"
        for python in (sys.executable, "/usr/bin/python3"):
            done = subprocess.run([python, "-c", ask], capture_output=True, text=True)
            name = f"Python AESGCM, {' '.join(done.stdout.split()[:2])}"
            if done.returncode or name in self.peers:
                continue
            if not (self.folder / "peer").exists():
                self.call(python, PEER, "seal", plain / "weights.dat", self.folder / "peer")
            self.peers[name] = lambda place, python=python: self.python_peer(place, python)

    def prepare_tools(self, plain):
        """Programs a person would use instead, on an eighth of the model: they are slow."""
        part = self.folder / "part"
        with open(plain / "weights.dat", "rb") as source, open(part, "wb") as out:
            out.write(source.read(max(self.bytes // 8, 1 << 20)))
        self.part_bytes = part.stat().st_size
        if shutil.which("age") and shutil.which("age-keygen"):
            self.call("age-keygen", "-o", self.folder / "age.key")
            recipient = subprocess.run(
                ["age-keygen", "-y", self.folder / "age.key"], capture_output=True, text=True, check=True).stdout.strip()
            self.call("age", "-r", recipient, "-o", self.folder / "part.age", part)
            self.peers["age"] = lambda place: self.tool(
                place, "age", "-d", "-i", self.folder / "age.key", "-o", place / "out", self.folder / "part.age")
        if shutil.which("gpg"):
            home = self.folder / "gnupg"
            home.mkdir(mode=0o700)
            words = ["gpg", "--homedir", home, "--batch", "--yes", "--passphrase", "bench", "--pinentry-mode", "loopback"]
            self.call(*words, "--symmetric", "--cipher-algo", "AES256", "-z", "0", "-o", self.folder / "part.gpg", part)
            self.peers["gpg"] = lambda place: self.tool(
                place, *words, "-o", place / "out", "--decrypt", self.folder / "part.gpg")
        if shutil.which("gocryptfs") and shutil.which("fusermount") and os.path.exists("/dev/fuse"):
            self.prepare_gocryptfs(part)
        if subprocess.run([sys.executable, "-c", "import tink"], capture_output=True).returncode == 0:
            self.call(sys.executable, PEER, "tink-seal", part, self.folder / "part.tink")
            self.peers["Tink for Python"] = self.tink_peer
        part.unlink()

    def prepare_gocryptfs(self, part):
        cipher, clear, secret = self.folder / "gocryptfs", self.folder / "clear", self.folder / "gocryptfs.secret"
        cipher.mkdir()
        clear.mkdir()
        secret.write_text("bench\n")
        self.call("gocryptfs", "-q", "-init", "-passfile", secret, cipher)
        mount = [str(word) for word in ("gocryptfs", "-q", "-passfile", secret, cipher, clear)]

        @contextlib.contextmanager
        def mounted():
            """Anew each time: what the kernel keeps of it is not decrypted again."""
            done = subprocess.run(mount, capture_output=True)
            try:
                yield done.returncode == 0
            finally:
                if done.returncode == 0:
                    self.call("fusermount", "-u", clear)

        def measure(place):
            with mounted():
                return self.tool(place, "cp", clear / "part", place / "out")

        with mounted() as can:
            if can:
                shutil.copy(part, clear / "part")
                self.peers["gocryptfs"] = measure

    def prepare_nginx(self):
        self.server = None
        if not shutil.which("nginx") or not shutil.which("curl"):
            return
        certificate(self.folder)
        self.port, self.server = nginx(self.folder, self.folder / "sealed")

    def call(self, *words):
        subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # one measurement each, in bytes a second

    @contextlib.contextmanager
    def warm(self, place, huge=False):
        """Memory that the host has not given yet is slow the first time, whoever touches it, and some hosts soon take back
        what is free: a file holds as much as will be needed, in pages of the size that will be taken, and grows shorter
        ahead of who needs it."""
        held, left = (self.huge if huge and self.huge else place) / "warm", self.bytes
        with open(held, "wb") as out:
            block = bytes(1 << 20)
            for _ in range(self.arguments.mib):
                out.write(block)
        places = {place, held.parent}
        before, ended = sum(map(used, places)) - left, threading.Event()

        def follow():
            nonlocal left
            while not ended.wait(0.005):
                taken = sum(map(used, places)) - before - left
                wanted = max(0, self.bytes - taken - LEAD) & ~(HUGE - 1)
                if wanted < left:
                    os.truncate(held, wanted)
                    left = wanted

        follower = threading.Thread(target=follow)
        follower.start()
        try:
            yield
        finally:
            ended.set()
            follower.join()
            held.unlink()

    def timed(self, place, *words):
        start = time.monotonic()
        self.call(*words)
        seconds = time.monotonic() - start
        (place / "out").unlink()
        return seconds

    def copy(self, place):
        with self.warm(place):
            return self.bytes / self.timed(place, "cp", self.blob, place / "out")

    def aes(self):
        """Bytes a second in pieces of a segment's length, by `openssl speed`, from memory to memory of one core's."""
        words = ["openssl", "speed", "-multi", str(self.arguments.threads), "-seconds", "1", "-bytes", "1048576", "-evp",
                 "aes-256-gcm"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        return float(done.stdout.split()[-1].rstrip("k")) * 1000

    def ours(self, place, source=None, *more, environment=None):
        words = [self.vouchsafe, "bench", "weights", source or self.folder / "sealed", place, "--key-file",
                 self.folder / "key", "--threads", self.arguments.threads, "--rounds", 1, "-o", "json", *more]
        with self.warm(place, huge=True):
            done = subprocess.run(
                [str(word) for word in words], capture_output=True, text=True, env={**os.environ, **(environment or {})})
        if done.returncode:
            sys.exit(f"bench: {done.stderr.strip()}")
        answer = json.loads(done.stdout)
        self.peak = answer["peakResidentBytes"]
        return answer["bytes"] / answer["rounds"][0]["microseconds"] * 1e6

    def python_peer(self, place, python):
        words = [str(word) for word in (python, PEER, "open", self.folder / "peer", place / "out", self.arguments.threads)]
        with self.warm(place):
            seconds = float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
        (place / "out").unlink()
        return self.bytes / seconds

    def tink_peer(self, place):
        words = [sys.executable, PEER, "tink-open", self.folder / "part.tink", place / "out"]
        seconds = float(subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True).stdout)
        (place / "out").unlink()
        return self.part_bytes / seconds

    def tool(self, place, *words):
        return self.part_bytes / self.timed(place, *words)

    def curl(self, place):
        url = f"https://127.0.0.1:{self.port}/blobs/{self.blob.name}"
        with self.warm(place):
            return self.bytes / self.timed(
                place, "curl", "-sf", "--cacert", self.folder / "cert.pem", "-o", place / "out", url)

    def over_https(self, place):
        return self.ours(place, f"https://127.0.0.1:{self.port}/", "--store-ca", self.folder / "cert.pem")

    # the table

    def measure(self, name, place):
        actions = {"vouchsafe": lambda: self.ours(place), "cp": lambda: self.copy(place),
                   f"AES-256-GCM alone, {openssl_version()}": self.aes}
        actions.update({peer: (lambda action=action: action(place)) for peer, action in self.peers.items()})
        series = in_rounds(self.arguments.rounds, actions)
        print(f"\n{name}, from a directory")
        self.show(series, "cp")
        print(f"  peak resident memory of vouchsafe, with what it has mapped of the destination: {self.peak >> 20} MiB")
        if not self.server:
            return
        server = subprocess.Popen(self.server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until("nginx on its port", lambda: listens(self.port), 10)
            actions = {"vouchsafe": lambda: self.over_https(place), "curl": lambda: self.curl(place)}
            print(f"\n{name}, from nginx over HTTPS on this machine")
            self.show(in_rounds(self.arguments.rounds, actions), "curl")
        finally:
            server.terminate()
            server.wait()

    def show(self, series, base):
        rows = [("", "GB/s", "best", f"of {base}")]
        for name, one in series.items():
            rows.append((name, f"{one.median / 1e9:.2f}", f"{max(one.rates) / 1e9:.2f}", f"{ratio(one, series[base]):.2f}"))
        table(rows)


def openssl_version(libcrypto=None):
    environment = {**os.environ, "LD_PRELOAD": str(libcrypto.resolve())} if libcrypto else None
    done = subprocess.run(["openssl", "version"], capture_output=True, text=True, env=environment)
    # `Library:` is what runs, where it is another than the program was made with.
    return " ".join(done.stdout.split("Library:")[-1].split()[:2])


def used(place):
    """Bytes that a memory file system holds."""
    space = os.statvfs(place)
    return (space.f_blocks - space.f_bfree) * space.f_frsize
