#!/usr/bin/env python3
"""Witnesses, relay and monitor against brokers and logs that lie: what is countersigned, noticed and refused.

  witness_checks.py [--bin DIRECTORY]

One line per check; the last is `N passed, N failed, N skipped`.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import ssl
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from checks import Checks, same, true  # noqa: E402
from local import until  # noqa: E402
from stage import ROOT, Stage  # noqa: E402

import tlog_proof  # noqa: E402
from witness_client import Log, LyingWitness, call, note_lines  # noqa: E402
from witness_world import RESOURCE, Scene, Watched, cosign  # noqa: E402

def a_growing_log_is_signed(witness):
    log, old = witness.log, 0
    same(witness.held()[0], 404, "status of what is held before anything")
    for size in (1, 1, 2, 7, 255, 256, 257, 600):
        witness.signs(log.request(old, size), size)
        old = size
    status, headers, note = witness.held()
    same((status, headers["Content-Type"]), (200, "text/plain; charset=utf-8"), "what is held")
    text, lines = note_lines(note)
    true(text.startswith(f"{log.name}\n600\n".encode()), f"held is {text}")
    true(abs(witness.key.time_of(text, lines) - time.time()) < 60, "the cosignature is not of now")
    tlog_proof.checkpoint(note, tlog_proof.VerifierKey(log.vkey))


def statuses_are_those_of_the_specification(witness):
    log, other = witness.log, Log("unknown.test/log", [b"a"])
    size = (b"600\n", "text/x.tlog.size")
    witness.refuses(other.request(0, 1), 404)
    witness.refuses(log.request(600, 601, checkpoint=log.checkpoint(601, sign=other.private)), 403)
    witness.refuses(log.request(600, 601, checkpoint=log.checkpoint(601)[:-10] + b"AAAAAAAA=\n"), 403)
    witness.refuses(log.request(0, 700), 409, size)
    witness.refuses(log.request(601, 700), 409, size)
    witness.refuses(b"old 601\n\n" + log.checkpoint(600), 400)
    witness.refuses(log.request(600, 700, proof=log.consistency(599, 700)), 422)
    witness.refuses(log.request(600, 700, proof=[]), 422)
    witness.refuses(log.request(600, 600, checkpoint=log.checkpoint(600, root=b"\1" * 32)), 422)
    for body in (b"", b"\n", b"old 0600\n\n" + log.checkpoint(601), b"old 600\n" + log.checkpoint(601),
                 b"old 600\nAAAA\n\n" + log.checkpoint(601), log.request(600, 601) + b"x", b"x" * 60_000,
                 b"old 600\n" + b"A" * 43 + b"=\n" * 1 + b"\n" + log.checkpoint(601)[:-3]):
        got = witness.add(body)[0]
        true(got in (400, 403), f"{body[:30]!r} is answered with {got}")
    same(call(witness.url, "GET", "/add-checkpoint")[1].get("Allow"), "POST", "Allow")
    same(call(witness.url, "POST", "/add-checkpoint", b"x" * 100_000)[0], 413, "status of a body that is too long")
    witness.signs(log.request(600, 700), 700)


def a_killed_witness_signs_no_second_history(witness):
    log = witness.log
    fork = Log(log.name, [b"entry %d" % index if index != 650 else b"another" for index in range(2000)])
    fork.private = log.private
    old = 700
    for size in range(750, 1250, 50):
        witness.program.signal(signal.SIGKILL)
        witness.program.process.wait()
        witness.start()
        witness.refuses(fork.request(old, size), 422)
        witness.signs(log.request(old, size), size)
        old = size
    witness.refuses(fork.request(0, 1300), 409, (b"%d\n" % old, "text/x.tlog.size"))


def a_state_that_lost_a_part_is_not_begun_anew(witness):
    stage = witness.stage
    words = ["audit", "witness", "--key", stage.path(f"{witness.name}.key"), "--log",
             stage.path(f"{witness.name}.log.vkey"), "--state", stage.path(f"{witness.name}.state")]
    true("is in use" in stage.vouchsafe(*words, expect=1).stderr, "a second witness runs on one state")
    witness.program.stop()
    state = stage.path(f"{witness.name}.state")
    mark = (state / "witness").read_bytes()
    (state / "witness").unlink()
    stage.vouchsafe(*words, expect=6)
    (state / "witness").write_bytes(mark)
    file = next(state.glob("?" * 64))
    whole = file.read_bytes()
    file.write_bytes(whole[:-20] + b"A" + whole[-19:])
    stage.vouchsafe(*words, expect=6)
    file.write_bytes(whole)
    stage.vouchsafe(*words, "--listen", "0.0.0.0:0", expect=1)
    witness.start()


def a_broker_with_witnesses_asks_them_before_it_serves(scene):
    scene.start_fails(3, "no answer of the witnesses w1, w2", "--config", scene.config)
    scene.start_relay()
    scene.start_broker()


def a_served_checkpoint_carries_both_cosignatures(scene):
    for _ in scene.stage.register(scene.stage.reference("check", [RESOURCE])):
        pass
    scene.stage.path("model.key").write_bytes(scene.key)
    scene.stage.put_key(RESOURCE, scene.stage.path("model.key"), "check")
    scene.fetch_key()
    until("the newest checkpoint", lambda: scene.size("/log/checkpoint.newest") >= 6)
    text, lines = scene.cosigned(6)
    for witness in scene.witnesses:
        witness.key.time_of(text, lines)
    scene.stage.vouchsafe(
        "audit", "verify", f"{scene.stage.broker_url}/log", "--vkey", scene.vkey, "--ca", scene.ca, "--policy", scene.policy)
    metrics = scene.get("/metrics")[0].decode()
    true("vouchsafe_log_cosigned_size 6" in metrics, "no metric says what is cosigned")
    true("vouchsafe_log_cosigned_age_seconds" in metrics, "no metric says how old it is")


def files_that_never_change_may_be_kept(scene):
    same(scene.get("/log/checkpoint")[1]["Cache-Control"], "public, max-age=1", "caching of a checkpoint")
    same(scene.get("/log/tile/0/000.p/1")[1]["Cache-Control"], "public, max-age=60", "caching of a partial tile")
    for _ in range(3):
        for _ in range(50):
            scene.fetch_key()
        if scene.size("/log/checkpoint.newest") >= 256:
            break
    for path in ("/log/tile/0/000", "/log/tile/entries/000"):
        same(scene.get(path)[1]["Cache-Control"], "public, max-age=31536000, immutable", f"caching of {path}")
    request = urllib.request.Request(f"{scene.stage.broker_url}/log/checkpoint", method="DELETE")
    try:
        urllib.request.urlopen(request, context=ssl.create_default_context(cafile=str(scene.ca)), timeout=20)
    except urllib.error.HTTPError as error:
        same((error.code, error.headers["Allow"]), (405, "GET"), "a method that is not taken")


def a_monitor_follows(scene):
    first = scene.monitor("--policy", scene.policy)
    true("consistent: " in first.stdout and "VIOLATION" not in first.stdout, first.stdout)
    scene.settle()
    scene.monitor()
    scene.fetch_key()
    scene.settle()
    done = json.loads(scene.monitor("--policy", scene.policy, "-o", "json").stdout.splitlines()[-1])
    same((done["new"], done["violations"], done["witnesses"]), (2, 0, ["w1", "w2"]), "what the monitor says")
    true("VIOLATION simulated" in scene.stage.vouchsafe(
        "audit", "monitor", f"{scene.stage.broker_url}/log", "--vkey", scene.vkey, "--ca", scene.ca, "--state",
        scene.stage.path("strict"), "--once", expect=6).stdout, "simulated evidence passes in silence")


def a_copy_is_whole_and_goes_on(scene):
    out = scene.stage.path("copy")
    words = ["audit", "fetch", f"{scene.stage.broker_url}/log", "--out", out, "--vkey", scene.vkey, "--ca", scene.ca,
             "-o", "json"]
    scene.settle()
    first = json.loads(scene.stage.vouchsafe(*words).stdout)
    same(first["size"], len(tlog_proof.audit(out, scene.log_key)), "entries of the copy")
    same(json.loads(scene.stage.vouchsafe(*words).stdout)["fetched"], 0, "files fetched again")
    scene.fetch_key()
    scene.settle()
    second = json.loads(scene.stage.vouchsafe(*words).stdout)
    same((second["new"], second["size"]), (2, first["size"] + 2), "what is new")
    tlog_proof.audit(out, scene.log_key)
    true(not [path for path in out.rglob("*") if path.name.endswith(".tmp")], "temporary files are left")
    # Cut off before the checkpoint was placed, with one file damaged on the way.
    (out / "checkpoint").unlink()
    bundle = out / "tile" / "entries" / "000"
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"X")
    same(json.loads(scene.stage.vouchsafe(*words).stdout)["size"], second["size"], "size after an interruption")
    tlog_proof.audit(out, scene.log_key)
    if shutil.which("go"):
        tlog_proof.go_accepts(out, scene.vkey)
    tile = next((out / "tile" / "0").glob("*.p/*"))
    tile.write_bytes(b"\0" * len(tile.read_bytes()))
    scene.stage.vouchsafe(*words, expect=6)


def a_report_cites_entries(scene):
    out = scene.stage.path("copy2")
    scene.stage.vouchsafe(
        "audit", "fetch", f"{scene.stage.broker_url}/log", "--out", out, "--vkey", scene.vkey, "--ca", scene.ca)
    entries = [json.loads(entry) for entry in tlog_proof.audit(out, scene.log_key)]
    words = ["audit", "report", out, "--vkey", scene.vkey]
    report = json.loads(scene.stage.vouchsafe(*words, "-o", "json").stdout)
    releases = [index for index, entry in enumerate(entries) if entry.get("for") == "release" and entry["result"] == "allow"]
    controls = {row["control"]: row for row in report["controls"]}
    true({f"N-{number}" for number in range(1, 14)} <= set(controls), "a requirement is not answered")
    same(controls["N-4"]["entries"]["count"], len(releases), "releases cited")
    same(controls["N-4"]["entries"]["first"], releases[:8], "releases cited")
    for row in controls.values():
        if row["standing"] == "not covered":
            same(row["entries"]["count"], 0, f"entries of {row['control']}")
        elif row["control"] != "SIM":
            true(row["entries"]["count"] > 0, f"{row['control']} cites nothing")
    same(controls["SIM"]["standing"], "broken", "simulated evidence")
    same(sum(row["count"] for row in report["table"]["decisions"] if row["for"] == "release"), len(releases), "releases")
    lines = scene.stage.vouchsafe(*words, "-o", "csv").stdout.splitlines()
    same(lines[0].split(",")[0], "day", "first column")
    true("not covered" in scene.stage.vouchsafe(*words).stdout, "the text hides what is not covered")


def lying_witnesses_are_not_believed(scene):
    """Wrong key, wrong text, garbage, sizes without end, and a status that is none."""
    honest = scene.witnesses[0]
    stranger = Log("s", [b"x"])
    note = scene.checkpoint()
    answers = {
        "garbage": lambda body: (200, b"\xe2\x80\x94 w AAAAAAAAAAAA\n"),
        "nothing": lambda body: (200, b""),
        "old": lambda body: (200, note.split(b"\n\n")[1].splitlines(True)[1]),
        "sizes": lambda body: (409, b"0\n"),
        "beyond": lambda body: (409, b"99999999\n"),
        "inconsistent": lambda body: (422, b"no\n"),
        "broken": lambda body: (500, b"no\n"),
    }
    scene.fetch_key()
    for name, answer in answers.items():
        liar = LyingWitness(answer)
        try:
            policy = scene.write_policy(f"{name}.policy", [("w1", honest.key.text, liar.url)], 1)
            exchange = scene.stage.path(f"exchange-{name}")
            done = scene.stage.vouchsafe(*scene.relay_words(policy, exchange), "--once", expect=3)
            true(liar.asked in (1, 2), f"{name}: asked {liar.asked} times")
            true(not list(exchange.glob("*.checkpoint")), f"{name}: {done.stderr}")
        finally:
            liar.close()
    # What the relay itself may lie: the broker takes nothing that is not signed by both.
    file = next(scene.exchange.glob("*.checkpoint"))
    kept = file.read_bytes()
    for lie in (b"junk", kept.replace(b"\n\n", b"\n\n\xe2\x80\x94 x AAAAAAAA\n", 1)[:-8] + b"AAAAAAA\n", stranger.checkpoint(1)):
        temporary = file.with_suffix(".x")
        temporary.write_bytes(lie)
        os.rename(temporary, file)
        time.sleep(1.2)
        true(len(note_lines(scene.checkpoint())[1]) == 3, "the served checkpoint lost its cosignatures")


def an_old_state_is_refused(scene):
    scene.broker.stop()
    old = scene.stage.path("old-state")
    shutil.copytree(scene.stage.state, old)
    scene.start_broker()
    for _ in range(3):
        scene.fetch_key()
    size = scene.size("/log/checkpoint.newest")
    until("new entries", lambda: scene.size("/log/checkpoint.newest") > size or scene.fetch_key())
    scene.cosigned(scene.size("/log/checkpoint.newest"))
    scene.monitor()
    scene.stage.vouchsafe("audit", "fetch", f"{scene.stage.broker_url}/log", "--out", scene.stage.path("copy2"), "--vkey",
                          scene.vkey, "--ca", scene.ca)
    scene.broker.stop()
    shutil.move(scene.stage.state, scene.stage.path("new-state"))
    shutil.copytree(old, scene.stage.state)
    scene.start_fails(6, "a witness has seen this log", "--config", scene.config)
    scene.start_fails(6, "a witness has seen this log", "--witness-checkpoint", scene.stage.path("seen") / "checkpoint")


def answers_that_were_put_back_are_not_answers(scene):
    """The exchange folder of before, with the disk of before: its nonce is another one."""
    scene.relay.stop()
    scene.start_fails(3, "no answer of the witnesses", "--config", scene.config)


def a_second_history_is_noticed_by_everybody(scene):
    """An operator who puts the old state back and turns the witnesses off."""
    scene.start_broker(config=False)
    done = scene.monitor(expect=6)
    true("log had" in done.stderr, f"a shorter history: {done.stderr}")
    seen = tlog_proof.checkpoint((scene.stage.path("seen") / "checkpoint").read_bytes(), scene.log_key)[0]
    while scene.size("/log/checkpoint.newest") <= seen + 1:
        scene.fetch_key()
    done = scene.monitor(expect=6)
    true("no longer begins with" in done.stderr, f"a forked history: {done.stderr}")
    followed = (scene.stage.path("seen") / "conflict-logForked-followed").read_bytes()
    shown = (scene.stage.path("seen") / "conflict-logForked-shown").read_bytes()
    for note in (followed, shown):
        tlog_proof.checkpoint(note, scene.log_key)
    true(followed != shown, "one checkpoint twice")
    scene.stage.vouchsafe("audit", "fetch", f"{scene.stage.broker_url}/log", "--out", scene.stage.path("copy2"),
                                 "--vkey", scene.vkey, "--ca", scene.ca, expect=6)
    done = scene.stage.vouchsafe(*scene.relay_words(), "--once", expect=6)
    true("both checkpoints are in" in done.stderr, f"the relay says {done.stderr}")
    true(len(list(scene.exchange.glob("*.conflict-*"))) == 4, "the relay kept no evidence")
    same(len(list(scene.exchange.glob("*.conflict-log"))), 2, "evidence")


def a_running_broker_ends_when_its_key_signed_two_histories(scene):
    """The thief of the log's key, on another machine, has a checkpoint cosigned."""
    scene.broker.stop()
    shutil.rmtree(scene.stage.state)
    shutil.move(scene.stage.path("new-state"), scene.stage.state)
    scene.start_relay()
    scene.start_broker()
    scene.fetch_key()
    scene.relay.stop()
    fork = scene.stage.path("seen") / "conflict-logForked-shown"
    # A witness that was tricked: its key signs the other history.
    note, witness = fork.read_bytes(), scene.witnesses[0]
    line = cosign(scene.stage.path(f"{witness.name}.key"), witness.key, note)
    for file in scene.exchange.glob("*.checkpoint"):
        temporary = file.with_suffix(".x")
        temporary.write_bytes(note + line)
        os.rename(temporary, file)
    same(scene.broker.process.wait(30), 6, "exit of the broker")
    true("another history of this log" in scene.broker.output(), scene.broker.output()[-300:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=ROOT / ".build" / "debug", type=pathlib.Path)
    arguments = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="vouchsafe-witness-") as folder, \
            Stage(pathlib.Path(folder) / "alone", arguments.bin) as alone, \
            Stage(pathlib.Path(folder) / "scene", arguments.bin) as stage:
        witness = Watched(alone, "w0", Log("other.test/log", [b"entry %d" % index for index in range(2000)]))
        for check in (a_growing_log_is_signed, statuses_are_those_of_the_specification,
                      a_killed_witness_signs_no_second_history, a_state_that_lost_a_part_is_not_begun_anew):
            checks.run(check.__name__.replace("_", " "), lambda: check(witness))
        scene = Scene(stage)
        for check in (a_broker_with_witnesses_asks_them_before_it_serves, a_served_checkpoint_carries_both_cosignatures,
                      files_that_never_change_may_be_kept, a_monitor_follows, a_copy_is_whole_and_goes_on,
                      a_report_cites_entries, lying_witnesses_are_not_believed, an_old_state_is_refused,
                      answers_that_were_put_back_are_not_answers, a_second_history_is_noticed_by_everybody,
                      a_running_broker_ends_when_its_key_signed_two_histories):
            checks.run(check.__name__.replace("_", " "), lambda: check(scene))
    checks.finish()


if __name__ == "__main__":
    main()
