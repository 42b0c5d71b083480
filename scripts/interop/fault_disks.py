"""Disks that fill up, turn read-only, vanish or lose power, and files that are not what they were."""
import contextlib
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess
import threading
import time

from checks import same, true
from local import until
from fault_world import GONE, Copy, NotHere, sentence

EXT4_SHUTDOWN, WITHOUT_FLUSH = 0x8004587D, 2  # _IOR('X', 125, __u32), EXT4_GOING_FLAGS_NOLOGFLUSH


def mount(*words):
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise NotHere(f"mount: {done.stderr.strip()[:80]}")


@contextlib.contextmanager
def tmpfs(folder, size):
    folder.mkdir(parents=True, exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder, leave):
    """Takes all but `leave` bytes of the file system."""
    free = os.statvfs(folder)
    (folder / "filler").write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - leave)))


# disks that fill up

def init_on_small_disks(original, folder):
    ended = set()
    for size in (4, 8, 16, 24, 32, 40, 48, 56, 64, 80, 128):
        with tmpfs(folder / f"{size}k", f"{size}k") as disk:
            words = [original.binaries / "vouchsafe-broker", "init", "--state", disk / "state"]
            done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=60)
            ended.add(done.returncode)
            if done.returncode:
                true("No space left on device" in sentence(done.stderr), f"{size}k: {done.stderr[-300:]}")
    same(ended, {0, 3}, "exit statuses over all sizes")


def start_on_a_full_disk(original, folder):
    with tmpfs(folder, "4m"):
        with Copy(original, folder / "copy") as copy:
            fill(folder, 0)
            # What recovery rewrites may fit; what it publishes next does not.
            copy.refused(["No space left on device"], statuses=(3, 6))
            (folder / "filler").unlink()
            copy.goes_on()


def disk_fills_while_serving(original, folder, leave=60_000):
    with tmpfs(folder, "6m"):
        with Copy(original, folder / "copy") as copy:
            copy.start()
            copy.ready()
            fill(folder, leave)
            with contextlib.suppress(*GONE):
                while True:
                    copy.attest()
                    copy.release()
            status, line = copy.run_until_end()
            same(status, 6, f"exit status ({line})")
            true("No space left on device" in line, line)
            true(len(copy.proofs) > 0, "nothing was released before it was full")
            (folder / "filler").unlink()
            copy.goes_on()


# disks that turn read-only, vanish, lose power

def start_on_a_read_only_disk(original, folder):
    with tmpfs(folder, "6m"):
        with Copy(original, folder / "copy") as copy:
            mount("-o", "remount,ro", folder)
            copy.folder = folder.with_name(folder.name + "-log")
            copy.folder.mkdir()
            copy.refused(["Read-only file system", "/log"], statuses=(3,))
            mount("-o", "remount,rw", folder)
            copy.goes_on()


@contextlib.contextmanager
def ext4(folder, options="loop"):
    if not shutil.which("mkfs.ext4"):
        raise NotHere("no mkfs.ext4")
    image = folder.with_name(folder.name + ".img")
    folder.mkdir(parents=True)
    with open(image, "wb") as file:
        file.truncate(48 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)
    mount("-o", options, image, folder)
    try:
        yield image
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        image.unlink()


def mount_again(image, folder):
    """Once nobody holds the file system any more: a mount namespace that was made meanwhile holds a copy of it."""
    subprocess.run(["umount", str(folder)], check=True)
    attached = ["losetup", "-j", str(image)]
    until("the end of the last mount", lambda: not subprocess.run(attached, capture_output=True).stdout, 60)
    mount("-o", "loop", image, folder)


def lose_power(folder):
    """The file system stops at once, without writing what it has not written."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, EXT4_SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
    except OSError as error:
        raise NotHere(f"ext4 cannot be shut down: {error}") from None
    finally:
        os.close(descriptor)


def power_loss_on_ext4(original, folder, numbers, rounds=4):
    """A real file system loses power under a broker that releases keys; its journal is played back, the broker starts."""
    with ext4(folder) as image:
        copy = Copy(original, folder / "copy")
        subprocess.run(["sync", "-f", str(folder)], check=True)
        for _ in range(rounds):
            with copy:
                # its output goes elsewhere: that must outlive the disk
                copy.folder = folder.with_name(folder.name + "-log")
                copy.folder.mkdir(exist_ok=True)
                copy.start()
                copy.ready()
                timer = threading.Timer(numbers.uniform(0.1, 2.5), lose_power, [folder])
                timer.start()
                with contextlib.suppress(*GONE):
                    while True:
                        copy.attest()
                        copy.release()
                timer.join()
                status, line = copy.run_until_end()
                same(status, 6, f"exit status ({line})")
            mount_again(image, folder)
        copy.goes_on()
        true(len(copy.proofs) > rounds, f"only {len(copy.proofs)} releases")


def read_only_while_serving(original, folder):
    """A real file system finds itself damaged and takes no more writes, under a broker that releases keys."""
    with ext4(folder, "loop,errors=remount-ro") as image:
        device = os.path.basename(subprocess.run(
            ["findmnt", "-n", "-o", "SOURCE", str(folder)], capture_output=True, text=True).stdout.strip())
        trigger = pathlib.Path("/sys/fs/ext4") / device / "trigger_fs_error"
        if not (device and os.access(trigger, os.W_OK)):
            raise NotHere("ext4 cannot be told of an error")
        with Copy(original, folder / "copy") as copy:
            subprocess.run(["sync", "-f", str(folder)], check=True)
            copy.folder = folder.with_name(folder.name + "-log")
            copy.folder.mkdir()
            copy.start()
            copy.ready()
            copy.attest()
            copy.release()
            trigger.write_text("a test")
            given = len(copy.keys)
            with contextlib.suppress(*GONE):
                copy.release()
            same(len(copy.keys), given, "keys that left although nothing can be written")
            status, line = copy.run_until_end()
            same(status, 6, f"exit status ({line})")
            true("Read-only file system" in line or "Input/output error" in line, line)
            copy.refused(["Read-only file system"], statuses=(3,))
        mount_again(image, folder)
        with copy:
            copy.goes_on()


def log_folder_removed_while_serving(original, folder):
    with Copy(original, folder) as copy:
        copy.start()
        copy.ready()
        copy.attest()
        copy.release()
        shutil.rmtree(copy.state / "log")
        given = len(copy.keys)
        with contextlib.suppress(*GONE):
            copy.release()
        same(len(copy.keys), given, "keys that left although the log is gone")
        status, line = copy.run_until_end()
        same(status, 6, f"exit status ({line})")
        copy.refused([str(copy.state / "log"), "is missing"])


def of_another_user(original, folder):
    if os.geteuid() != 0:
        raise NotHere("needs root")
    with Copy(original, folder) as copy:
        root_key = copy.state / "keys" / "root.key"
        os.chown(root_key, 12345, -1)
        copy.refused([str(root_key), "belongs to user 12345", "chown"])
        os.chown(root_key, 0, -1)
        root_key.chmod(0o644)
        copy.refused([str(root_key), "chmod 600"])
        root_key.chmod(0o600)
        folder.chmod(0o755)
        copy.state.chmod(0o700)
        nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        if subprocess.run([*nobody, str(original.binaries / "vouchsafe-broker"), "--help"], capture_output=True).returncode == 0:
            copy.refused([str(copy.state), "Permission denied"], statuses=(3,), prefix=nobody, config=False)
        copy.goes_on()


# files that are not what they were

NOT_READ = ("client.json", "admin/client", "admin/provider", "admin/auditor", "evidence/", "log/LOCK", "log/wal.tmp")  # a start does not need them


def may_start(name, how):
    """Whether a start may do without the file: it makes it anew, or everything in it was published before."""
    is_inner_tile = name.startswith("log/tile/") and "/000.p/" not in name
    return is_inner_tile or (name, how) in (
        ("log.vkey", "gone"), ("log/wal", "empty"), ("log/wal", "garbage"), ("collateral/seen.json", "gone"))


def damaged_files(original, folder, numbers, limit):
    """Every file of the state empty, garbage, and gone: a start names it, or does not need it and goes on."""
    with Copy(original, folder) as copy:
        files = sorted(str(file.relative_to(copy.state)) for file in copy.state.rglob("*") if file.is_file())
        cases = [(name, how) for name in files if not name.startswith(NOT_READ) for how in ("empty", "garbage", "gone")]
        numbers.shuffle(cases)
        for name, how in cases[:limit]:
            copy.renew()
            damage(copy.state / name, how, numbers)
            copy.start()
            if may_start(name, how):
                until(name, lambda: copy.program.process.poll() is not None or "ready " in copy.program.output(), 60)
                copy.stop()
                continue
            status, line = copy.run_until_end(what=f"{name} {how}")
            true(status == (1 if (name, how) == ("instance.json", "gone") else 6), f"{name} {how}: exit status {status}: {line}")
            if status == 6:
                true("; " in line and (name.removeprefix("log/") in line or how == "gone"), f"{name} {how} is not named: {line}")
        copy.renew()
        copy.goes_on()
        return f"{min(limit, len(cases))} of {len(cases)}"


def damage(file, how, numbers):
    mode = file.stat().st_mode
    file.unlink()
    if how != "gone":
        file.touch(mode)
        file.write_bytes(b"" if how == "empty" else numbers.randbytes(100))


def killed_with_a_tail(copy):
    """Ends a broker the hard way, right after a release: the write-ahead log holds what no tile has."""
    copy.start()
    copy.ready()
    for _ in range(2):
        copy.attest()
        copy.release()
    copy.program.kill()
    return copy.state / "log" / "wal"


def flipped_bits(original, folder, numbers, limit):
    """One bit of the write-ahead log at a time: no start, and the sentence names the file."""
    with Copy(original, folder) as copy:
        wal = killed_with_a_tail(copy)
        intact = wal.read_bytes()
        places = list(range(len(intact)))
        numbers.shuffle(places)
        for place in places[:limit]:
            damaged = bytearray(intact)
            damaged[place] ^= 1 << numbers.randrange(8)
            wal.write_bytes(damaged)
            copy.refused(["wal", "; "])
            true(wal.read_bytes() == damaged, f"byte {place}: the refused start changed the file")
        wal.write_bytes(intact)
        copy.goes_on()
        return f"{min(limit, len(places))} of {len(places)} bytes"


def garbage_tails(original, folder, numbers):
    """What a torn write left is dropped and said; more than one write could leave is refused, at once."""
    with Copy(original, folder) as copy:
        wal = killed_with_a_tail(copy)
        intact = wal.read_bytes()
        wal.write_bytes(intact + numbers.randbytes(40 << 20))
        start = time.monotonic()
        copy.refused(["wal is damaged", "; "])
        true(time.monotonic() - start < 20, f"a refusal took {time.monotonic() - start:.0f} s")
        wal.write_bytes(intact + numbers.randbytes(12 << 20))
        copy.start()
        time.sleep(0.4)
        start = time.monotonic()
        status, _ = copy.stop()
        true(status == 0 and time.monotonic() - start < 5, f"asked to end while it starts: {status}")
        wal.write_bytes(intact + numbers.randbytes(4 << 20))
        copy.goes_on()
        log = copy.program.log.read_text()
        true('"event":"log-torn-write-dropped","bytes":4194304' in log, "the dropped tail is not said")
