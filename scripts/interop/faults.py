#!/usr/bin/env python3
"""Faults on the real broker: after each, the next start recovers or refuses, and nothing that was released is lost.

  faults.py [--bin DIRECTORY] [--seed N] [--seconds N] [--all] [--only WORD]

Calls that change the disk are failed one at a time under strace, at each phase of a broker's life; disks fill up, turn
read-only, vanish and lose power; files are damaged; clocks jump. Without --all the calls, bytes and files are a sample
that the seed chooses and --seconds bounds. What this place does not permit is skipped by name. Ends with the counts.
"""
import argparse
import concurrent.futures
import pathlib
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from checks import Checks, same, true  # noqa: E402
from stage import ROOT  # noqa: E402

import fault_calls  # noqa: E402
import fault_clocks as clocks  # noqa: E402
import fault_disks as disks  # noqa: E402
from fault_world import Copy, NotHere, Original  # noqa: E402

WORKERS = 2


def case(checks, name, body):
    """One case of its own; what this place does not permit is skipped."""
    try:
        done = body()
    except NotHere as lacking:
        return checks.skip(name, str(lacking))
    except Exception as error:
        failed = error
        return checks.run(name, lambda: (_ for _ in ()).throw(failed))
    checks.run(name + (f": {done}" if isinstance(done, str) else ""), lambda: None)


def failed_calls(checks, original, folder, given, numbers):
    if not fault_calls.strace_works():
        return checks.skip("a broker whose calls fail", "strace may not trace here")
    found = checks.run("the calls that change a broker's disk", lambda: fault_calls.points(original, folder))
    if not found:
        return
    phases = {phase: sum(1 for point in found if point[0] == phase) for phase in fault_calls.PHASES}
    print("  " + ", ".join(f"{count} at {phase}" for phase, count in phases.items()), flush=True)
    end = time.monotonic() + given.seconds
    cases = fault_calls.all_cases(found, numbers)

    def next_case(pool, running):
        if given.all or time.monotonic() < end:
            if chosen := next(cases, None):
                phase, call, count, fault = chosen
                place = folder / f"{call}-{count}-{fault}"
                running[pool.submit(once, original, place, call, count, fault)] = f"{phase}: {call} {count} {fault}"

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        running = {}
        for _ in range(WORKERS):
            next_case(pool, running)
        while running:
            for done in concurrent.futures.wait(running, return_when="FIRST_COMPLETED").done:
                name = running.pop(done)
                case(checks, name, done.result)
                next_case(pool, running)


def once(original, folder, call, count, fault):
    ended = fault_calls.fail(original, folder, call, count, fault)
    shutil.rmtree(folder)
    return ended


def failed_inits(checks, original, folder, given, numbers):
    if not fault_calls.strace_works():
        return checks.skip("an init whose calls fail", "strace may not trace here")
    found = checks.run("the calls that change init's disk", lambda: fault_calls.init_points(original, folder))
    cases = [(call, count, fault) for call, count in found or [] for fault in ("error=EIO", "error=ENOSPC", "signal=KILL")]
    numbers.shuffle(cases)
    for call, count, fault in cases if given.all else cases[:8]:
        place = folder / f"init-{call}-{count}-{fault}"
        case(checks, f"init: {call} {count} {fault}",
             lambda: fault_calls.fail_init(original, place, call, count, fault))


def short_writes(original, folder):
    """Every write takes only a part of what it is given, as the system may: nobody notices."""
    with Copy(original, folder) as copy:
        copy.start(env=original.preload("short_writes"))
        fault_calls.play(copy)
        same(copy.run_until_end()[0], 0, "exit status")
        true(len(copy.keys) == 2, f"{len(copy.keys)} releases")
        copy.goes_on()


def main():
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reading.add_argument("--bin", default=ROOT / ".build" / "debug")
    reading.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    reading.add_argument("--seconds", type=int, default=120, help="for the calls that fail; the rest takes about as long")
    reading.add_argument("--all", action="store_true", help="every call, byte and file, however long it takes")
    reading.add_argument("--only", default="", help="cases whose name holds this word")
    given = reading.parse_args()
    print(f"seed {given.seed}", flush=True)
    numbers, checks = random.Random(given.seed), Checks()
    most = lambda sample: 1 << 30 if given.all else sample
    with tempfile.TemporaryDirectory(prefix="vouchsafe-faults-") as folder:
        folder = pathlib.Path(folder)
        with Original(folder / "original", given.bin) as original:
            cases = {
                "init on disks that are too small": disks.init_on_small_disks,
                "a start on a full disk": disks.start_on_a_full_disk,
                "a disk that fills up while serving": disks.disk_fills_while_serving,
                "a start on a read-only disk": disks.start_on_a_read_only_disk,
                "a disk that turns read-only while serving": disks.read_only_while_serving,
                "ext4 loses power while serving":
                    lambda *place: disks.power_loss_on_ext4(*place, numbers, 40 if given.all else 4),
                "the log's folder is removed while serving": disks.log_folder_removed_while_serving,
                "files of another user, or that others may read": disks.of_another_user,
                "every file empty, garbage or gone": lambda *place: disks.damaged_files(*place, numbers, most(24)),
                "flipped bits of the write-ahead log": lambda *place: disks.flipped_bits(*place, numbers, most(24)),
                "garbage behind the write-ahead log": lambda *place: disks.garbage_tails(*place, numbers),
                "short writes": short_writes,
                "a clock that is wrong at the start": clocks.clock_wrong_at_start,
                "a clock that jumps while serving": clocks.clock_jumps_while_serving,
            }
            for number, (name, body) in enumerate(cases.items()):
                if given.only in name:
                    case(checks, name, lambda: body(original, folder / f"case{number}"))
            if given.only in "calls":
                failed_inits(checks, original, folder, given, numbers)
                failed_calls(checks, original, folder, given, numbers)
    checks.finish()


if __name__ == "__main__":
    main()
