"""Every call with which a broker changes its disk, failed once: strace makes the K-th call of each thread fail."""
import re
import shutil
import subprocess
import time

from checks import same, true
from fault_world import GONE, Copy, sentence

CALLS = ("openat", "pwrite64", "fdatasync", "fsync", "rename", "renameat", "unlinkat", "mkdirat", "flock")
PHASES = ("start", "attest", "release", "change", "publish", "shutdown")
LOADER = 127  # exit status of a program whose libraries could not be loaded
RUNTIME = -4  # how libdispatch ends a process when it cannot read /proc
FAULTS = {
    "openat": ("error=EIO", "error=ENOSPC", "error=EINTR", "signal=KILL"),
    "pwrite64": ("error=EIO", "error=ENOSPC", "error=EINTR", "retval=0", "signal=KILL"),
    "fdatasync": ("error=EIO", "error=ENOSPC", "error=EINTR", "signal=KILL"),
    "fsync": ("error=EIO", "error=ENOSPC", "signal=KILL"),
    "rename": ("error=EIO", "error=ENOSPC", "signal=KILL"),
    "renameat": ("error=EIO", "error=ENOSPC", "signal=KILL"),
    "unlinkat": ("error=EIO", "signal=KILL"),
    "mkdirat": ("error=EIO", "error=ENOSPC", "signal=KILL"),
    "flock": ("error=EIO", "error=EINTR", "signal=KILL"),
}


def strace_works():
    return bool(shutil.which("strace")) and subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"]).returncode == 0


def strace(file, calls, *inject):
    return ["strace", "-f", "-qq", "-ttt", "-o", file, "-e", f"trace={','.join(calls)}", *inject]


def play(copy, marks=None):
    """Start, attest, release, change, release again, let it publish, end; stops where the broker does."""
    def mark(phase):
        if marks is not None:
            marks.append((time.time(), phase))

    try:
        mark("start")
        copy.ready()
        for phase, step in (("attest", copy.attest), ("release", copy.release), ("change", copy.change), ("release", copy.release)):
            mark(phase)
            step()
        mark("publish")
        time.sleep(1.1)
        mark("shutdown")
    except GONE:
        if copy.program.process.poll() is None:
            time.sleep(0.6)  # a broker whose log failed ends half a second later
    copy.terminate()


LINE = re.compile(r"^(\d+) +(\d+\.\d+) (?:(\w+)\(|<\.\.\. (\w+) resumed)(.*)$")


def points(original, folder):
    """(phase, call, K) of every call that changes the disk, from one run without faults."""
    trace, marks = folder / "trace", []
    with Copy(original, folder / "traced") as copy:
        copy.start(strace(trace, CALLS))
        play(copy, marks)
        same(copy.run_until_end()[0], 0, "exit status of a broker that is only watched")
    found, counts = set(), {}
    for line in trace.read_text().splitlines():
        if not (match := LINE.match(line)) or not match[3]:
            continue
        thread, at, call, rest = match[1], float(match[2]), match[3], match[5]
        counts[thread, call] = counts.get((thread, call), 0) + 1
        if call == "openat" and "O_CREAT" not in rest:
            continue
        phase = [name for start, name in marks if start <= at][-1]
        found.add((PHASES.index(phase), call, counts[thread, call]))
    return [(PHASES[phase], call, count) for phase, call, count in sorted(found)]


def fail(original, folder, call, count, fault):
    """One run with one fault, and the next start. Says what the faulty run ended with."""
    trace = folder / "trace"
    with Copy(original, folder) as copy:
        copy.start(strace(trace, [call], "-e", f"inject={call}:{fault}:when={count}"))
        play(copy)
        status, line = copy.run_until_end()
        injected = [line for line in trace.read_text().splitlines() if "(INJECTED)" in line]
        if status == LOADER or status == RUNTIME and any('"/proc/' in line for line in injected):
            return "not the broker's own call"
        if fault == "signal=KILL":
            true(status in (0, -9, 137), f"exit status {status}")
        elif status != 0:
            true((status in (3, 6) or status == 1 and "cannot read" in line) and injected, f"exit status {status}: {copy.program.output()[-400:]}")
            true(line, f"ended with {status} and no sentence")
        copy.goes_on()
        return f"{'ended with ' + str(status) if status else 'went on'}{'; ' + line[18:90] if line else ''}"


def all_cases(found, numbers):
    """Every point with every fault, in an order that has each phase and call early.

    One run fails the K-th call of every thread, so points of different phases may be one case.
    """
    rows, seen = {}, set()
    for phase, call, count in found:
        for fault in FAULTS[call]:
            if (call, count, fault) in seen:
                continue
            seen.add((call, count, fault))
            rows.setdefault((phase, call), []).append((phase, call, count, fault))
    for row in rows.values():
        numbers.shuffle(row)
    groups = list(rows.values())
    numbers.shuffle(groups)
    while groups:
        for row in groups:
            yield row.pop()
        groups = [row for row in groups if row]


# init

def init_words(original, state):
    return [original.binaries / "vouchsafe-broker", "init", "--state", state, "--approver",
            original.stage.path("approver1.vkey"), "--quorum", "1"]


def run(words, seconds=60):
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=seconds)


def init_points(original, folder):
    """(call, K) of init's calls that change the disk."""
    trace, calls = folder / "init.trace", (*CALLS, "mkdir", "write")
    done = run([*strace(trace, calls), *init_words(original, folder / "watched")])
    same(done.returncode, 0, f"exit status of init ({done.stderr})")
    found, counts = set(), {}
    for line in trace.read_text().splitlines():
        if not (match := LINE.match(line)) or not match[3]:
            continue
        counts[match[1], match[3]] = counts.get((match[1], match[3]), 0) + 1
        if (match[3] != "openat" or "O_CREAT" in match[5]) and not match[5].startswith("1, "):
            found.add((match[3], counts[match[1], match[3]]))
    return sorted(found)


def fail_init(original, folder, call, count, fault):
    """An init that fails says so in one line, and what it leaves is not taken for a state."""
    folder.mkdir(parents=True)
    state = folder / "state"
    done = run([*strace(folder / "trace", [call], "-e", f"inject={call}:{fault}:when={count}"), *init_words(original, state)])
    if done.returncode == LOADER:
        return "the loader's own call"
    if fault == "signal=KILL":
        true(done.returncode in (0, -9, 137), f"exit status {done.returncode}")
    elif done.returncode != 0:
        line = sentence(done.stderr)
        true(done.returncode in (1, 3, 6) and line, f"exit status {done.returncode}: {done.stderr[-300:]}")
    serve = [original.binaries / "vouchsafe-broker", "serve", "--state", state, "--listen", "127.0.0.1:0",
             "--admin-listen", "127.0.0.1:0"]
    if (state / "instance.json").exists() and (state / "instance.json").stat().st_size:
        done = run(["timeout", "--preserve-status", "-s", "TERM", "6", *serve])
        true(done.returncode == 0 and "ready" in done.stdout, f"a finished state does not start: {done.stderr[-300:]}")
        return
    done = run(serve)
    true(done.returncode in (1, 6) and sentence(done.stderr), f"an unfinished state: {done.returncode} {done.stderr[-300:]}")
    shutil.rmtree(state, ignore_errors=True)
    same(run(init_words(original, state)).returncode, 0, "exit status of init on a clean place")
