#!/usr/bin/env python3
"""The demonstration, step by step: a sealed model, two approvers, a pod that proves itself, and three that cannot.

  story.py --bin DIRECTORY --engine PYTHON [--tee snp|tdx] [--gpu] [--keep DIRECTORY]

scripts/demo builds the programs and calls this. The TEE is simulated, everything else is real: the broker, the agent,
the log, the inference engine. All of it runs on 127.0.0.1 and in one temporary folder. The last line is
`log: DIRECTORY vkey: FILE`; that directory is the only thing left.
"""
import argparse
import http.client
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "scripts" / "lib"))
from stage import MEASUREMENT, Program, Stage, StageError  # noqa: E402
from walls import named, stopped_over  # noqa: E402

TECHNOLOGIES = {"snp": "AMD SEV-SNP", "tdx": "Intel TDX"}
MODEL, VERSION, RESOURCE, BUNDLE = "demo/tiny-llama", "1", "models/tiny-llama/key", "tiny-llama"
QUESTION = "Who can read your weights?"
ENGINE_SECONDS = 30


def step(title):
    step.number += 1
    print(f"\n{step.number}. {title}", flush=True)


step.number = 0


def show(text):
    """What a program said, or what is worth saying, under the step."""
    for line in str(text).strip().splitlines():
        print(f"   {line}", flush=True)


def seal(stage):
    step("A provider seals a model")
    plain, sealed = stage.path("model"), stage.path("sealed")
    plain.mkdir()
    subprocess.run([sys.executable, HERE / "make_model.py", plain / "model.gguf"], check=True)
    stage.vouchsafe("key", "create", "--purpose", "provider", "--out", stage.path("provider"))
    show(stage.vouchsafe(
        "model", "seal", plain, sealed, "--model", MODEL, "--version", VERSION, "--key-file", stage.path("model.key"),
        "--sign-key", stage.path("provider.key")).stdout)
    shutil.rmtree(plain)  # from here on the model exists only sealed
    return sealed


def open_for_business(stage, sealed, engine):
    step("An operator starts a broker, which releases nothing yet")
    show(stage.init_broker())
    pod = stage.start_tee(technology=stage.technology, gpus=stage.gpus)
    # An SNP pod brings its certificates along; about a TDX platform, and about GPUs, the vendor publishes what the
    # broker must know.
    collateral = ["--collateral", stage.collateral] if stage.technology == "tdx" or stage.gpus else []
    stage.start_broker("--anchors", stage.anchors, *collateral)
    show(f"broker at {stage.broker_url}, admin API at {stage.admin_url}")
    find_walls(stage, pod, sealed, engine)
    show("A pod that asks now:")
    fails(agent(stage, "early-pod", pod, sealed, engine), status=4)
    return pod


def find_walls(stage, pod, sealed, engine):
    """An agent stops where it cannot build its engine's room. Here, and only here, what is missing is then waived."""
    program, _ = agent(stage, "first-pod", pod, sealed, engine)
    program.process.wait(30)
    hint = stopped_over(program.output())
    if not hint:
        return
    show(f"On this machine an engine's room is not whole: {hint.partition(';')[0]}. The demonstration goes on without.")
    stage.waived = named(hint)


def approve(stage):
    step("Two approvers say which workload may have the key; one signature is not enough")
    bundle = stage.reference(BUNDLE, [RESOURCE])
    if stage.technology == "tdx":
        bundle["tees"] = {"tdx": bundle["tees"]["tdx"] | {"requireEventLog": True}}
    if stage.gpus:
        bundle["gpus"] = {"count": stage.gpus, "models": ["GH100"], "minimumDriver": "550.90.07",
                          "minimumVBIOS": "96.00.9F.00.01"}
    file, note = stage.path("bundle.json"), stage.path("bundle.note")
    file.write_text(json.dumps(bundle, indent=2))
    stage.vouchsafe("reference", "propose", file, "--out", note)
    show(stage.vouchsafe("reference", "sign", note, "--key", stage.path("approver1.key"), "--yes").stdout)
    alone = stage.vouchsafe("reference", "submit", note, "--broker", stage.admin_url, expect=None)
    if alone.returncode == 0:
        raise StageError("one signature was enough")
    show(alone.stderr)
    stage.vouchsafe("reference", "sign", note, "--key", stage.path("approver2.key"), "--yes")
    show(stage.vouchsafe("reference", "submit", note, "--broker", stage.admin_url).stdout)
    show(stage.put_key(RESOURCE, stage.path("model.key"), BUNDLE).stdout)


def agent_configuration(stage, folder, pod, sealed, engine):
    """What an operator would write for a pod: whom it trusts, where its model lies, and what is started with it."""
    return {
        "broker": {
            "url": stage.broker_url, "resource": RESOURCE, "caFile": str(stage.state / "tls" / "cert.pem"),
            "logVerifierKeyFile": str(stage.state / "log.vkey"),
        },
        "evidence": {"source": "api-server-rest", "apiServerRest": pod},
        "model": {
            "directory": str(sealed), "providerVerifierKeyFile": str(stage.path("provider.vkey")), "name": MODEL,
            "version": VERSION,
        },
        "destination": {"tmpfs": str(stage.memory), "name": folder.name, "acceptingSwap": has_swap()},
        "engine": {
            "profile": "llama.cpp", "command": str(engine.absolute()), "launcher": [str(HERE / "engine.py")],
            "modelFile": "model.gguf", "socket": str(socket_of(stage, folder.name)), "graceSeconds": 10,
            "readySeconds": ENGINE_SECONDS,
            "room": {"readable": engine_folders(engine), "waive": stage.waived, "scratchMiB": 64},
        },
        "terminationLog": str(folder / "termination-log"),
    }


def socket_of(stage, name):
    """Where an engine listens: in a folder of memory that is its own."""
    return stage.memory / f"{name}.run" / "engine.sock"


def engine_folders(engine):
    """What the engine is made of, beside the system's folders: its Python, its packages, and its program."""
    ask = "import sys; print(sys.base_prefix)"
    base = subprocess.run([engine, "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
    return [str(engine.absolute().parents[1]), str(HERE), *([base] if not base.startswith("/usr") else [])]


def has_swap():
    """A pod has none and the agent insists on it; a person's machine may have some, and a demonstration can live with it."""
    return len(pathlib.Path("/proc/swaps").read_text().splitlines()) > 1


def agent(stage, name, pod, sealed, engine):
    """Starts the in-pod agent; its configuration is a file like any operator would write."""
    folder = stage.path(name)
    folder.mkdir()
    configuration = folder / "agent.json"
    configuration.write_text(json.dumps(agent_configuration(stage, folder, pod, sealed, engine), indent=2))
    program = Program([stage.binaries / "vouchsafe-agent", "run", "--config", configuration], folder / "agent.log")
    stage.programs.append(program)
    return program, socket_of(stage, name)


def fails(started, status):
    """Waits for an agent that must not get as far as its engine, and shows its last line; the agent."""
    program, _ = started
    ended = program.process.wait(30)
    if ended != status:
        raise StageError(f"the agent ended with {ended}, not {status}:\n{program.output()}")
    show(program.output().splitlines()[-1])
    return program


def ask(place, question):
    """The engine's answer over its chat API, printed as it comes."""
    connection = http.client.HTTPConnection("localhost", timeout=20)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(20)
    connection.sock.connect(str(place))
    body = {"messages": [{"role": "user", "content": question}], "stream": True, "temperature": 0}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise StageError(f"the engine answered {answer.status}: {answer.read()[:200]!r}")
    said = ""
    print("   engine: ", end="", flush=True)
    for line in answer:
        if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
            continue
        word = json.loads(line[6:])["choices"][0]["delta"].get("content") or ""
        print(word, end="", flush=True)
        said += word
    print()
    connection.close()
    return said


def wait_for_engine(program, place):
    end = time.monotonic() + ENGINE_SECONDS
    while time.monotonic() < end:
        if program.process.poll() is not None:
            raise StageError(f"the agent ended with {program.process.returncode}:\n{program.output()[-2000:]}")
        if healthy(place):
            return
        time.sleep(0.1)
    raise StageError(f"the engine did not answer in {ENGINE_SECONDS} s:\n{program.output()[-2000:]}")


def healthy(place):
    connection = http.client.HTTPConnection("localhost", timeout=5)
    try:
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.connect(str(place))
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def serve(stage, pod, sealed, engine):
    step("A pod proves itself, gets the key, and its engine answers")
    program, place = agent(stage, "pod", pod, sealed, engine)
    wait_for_engine(program, place)
    room = next(line for line in map(json.loads, program.output().splitlines()) if line["stage"] == "room")
    show(f"The engine is in a room of its own; walls that stand: {', '.join(room['walls'])}.")
    show(f"person: {QUESTION}")
    said = ask(place, QUESTION)
    if said.strip() != expected_answer():
        raise StageError(f"the engine answered {said!r}")
    show("The answer is in the weights' last layer: it comes out right only from the very bytes that were sealed.")
    status = program.stop()
    if status != 0:
        raise StageError(f"the agent ended with {status}:\n{program.output()[-2000:]}")
    if left := list(stage.memory.iterdir()):
        raise StageError(f"the agent left {left[0].name} in memory")
    show("The engine was asked to end; nothing of the model is left in memory.")


def expected_answer():
    sys.path.insert(0, str(HERE))
    import make_model
    return make_model.ANSWER


def refuse_another(stage, sealed, engine):
    step("A pod that differs in one bit of its measurement is refused, with a code and a number")
    changed = f"{int(MEASUREMENT[:2], 16) ^ 1:02x}{MEASUREMENT[2:]}"
    pod = stage.start_tee(changed, name="other", technology=stage.technology, gpus=stage.gpus)
    program = fails(agent(stage, "other-pod", pod, sealed, engine), status=4)
    step("The operator asks why")
    identity = program.wait_for(r'"decision":"(\w+)"')[1]
    show(stage.vouchsafe("policy", "explain", identity, "--broker", stage.admin_url).stdout)


def refuse_one_gpu_for_two(stage, sealed, engine):
    step("A pod that shows one GPU twice is refused")
    pod = stage.start_tee(name="twice", technology=stage.technology, gpus=stage.gpus, fault="duplicate")
    program = fails(agent(stage, "pod-with-one-gpu", pod, sealed, engine), status=4)
    step("The operator asks why")
    identity = program.wait_for(r'"decision":"(\w+)"')[1]
    said = stage.vouchsafe("policy", "explain", identity, "--broker", stage.admin_url).stdout
    if "deviceRepeated" not in said:
        raise StageError(f"the refusal is not explained: {said}")
    show(said)


def refuse_altered_weights(stage, pod, sealed, engine):
    step("One flipped bit in the sealed weights is found before the engine sees a byte")
    altered = stage.path("altered")
    shutil.copytree(sealed, altered)
    blob = max((altered / "blobs").iterdir(), key=lambda file: file.stat().st_size)
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.chmod(0o600)
    blob.write_bytes(data)
    fails(agent(stage, "altered-pod", pod, altered, engine), status=6)
    if left := list(stage.memory.iterdir()):
        raise StageError(f"the agent left {left[0].name} in memory")


def audit(stage, kept):
    step("Anyone can check the log of all this")
    for program in reversed(stage.programs):
        status = program.stop()
        simulator = program.words[0].endswith("simulated-tee")  # a toy, which a signal just ends
        if status not in (0, 4, 6) and not simulator:
            raise StageError(f"{program.words[0]} ended with {status}:\n{program.output()[-2000:]}")
    shutil.copytree(stage.state / "log" / "tile", kept / "tile")
    shutil.copy(stage.state / "log" / "checkpoint", kept)
    shutil.copy(stage.state / "log.vkey", kept)
    show(stage.vouchsafe("audit", "verify", kept, "--vkey", kept / "log.vkey").stdout)
    step("An auditor takes everything away in one file, and makes every decision again")
    pack, key = kept / "demo.pack", ("--vkey", kept / "log.vkey")
    show(stage.vouchsafe(
        "audit", "pack", "--log", kept, "--evidence", stage.state / "evidence", "--out", pack, *key).stdout)
    show(stage.vouchsafe("audit", "verify", pack, *key).stdout)


def play(stage, engine, kept):
    print(textwrap.dedent("""\
        Vouchsafe: weights that open only inside a pod that has proved what it runs.
        The TEE of this demonstration is SIMULATED, and every decision made with it says so."""))
    if stage.technology != "snp":
        print(f"It is one of {TECHNOLOGIES[stage.technology]}.")
    if stage.gpus:
        print(f"It has {stage.gpus} GPUs, which are SIMULATED as well.")
    sealed = seal(stage)
    pod = open_for_business(stage, sealed, engine)
    approve(stage)
    serve(stage, pod, sealed, engine)
    refuse_another(stage, sealed, engine)
    if stage.gpus:
        refuse_one_gpu_for_two(stage, sealed, engine)
    refuse_altered_weights(stage, pod, sealed, engine)
    audit(stage, kept)


def main():
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reading.add_argument("--bin", required=True, type=pathlib.Path)
    reading.add_argument("--engine", required=True, type=pathlib.Path, help="Python that has the xllamacpp package")
    reading.add_argument("--tee", choices=sorted(TECHNOLOGIES), default="snp", help="what is simulated (default: snp)")
    reading.add_argument("--gpu", action="store_true", help="the pod has two simulated H100 GPUs")
    reading.add_argument("--keep", type=pathlib.Path, help="where to leave the log (default: a new folder)")
    given = reading.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    kept = given.keep or pathlib.Path(tempfile.mkdtemp(prefix="vouchsafe-demo-log-"))
    kept.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    try:
        with (tempfile.TemporaryDirectory(prefix="vouchsafe-demo-") as folder,
              tempfile.TemporaryDirectory(prefix="vouchsafe-demo-", dir="/dev/shm") as memory,
              Stage(folder, given.bin) as stage):
            stage.memory, stage.technology, stage.waived = pathlib.Path(memory), given.tee, []
            stage.gpus = 2 if given.gpu else 0
            play(stage, given.engine, kept)
    except (StageError, OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(kept, ignore_errors=True)
        sys.exit(f"\ndemo: {error}")
    print(f"\nAll steps did what they should, in {time.monotonic() - start:.0f} s.")
    print(f"log: {kept} vkey: {kept / 'log.vkey'}")


if __name__ == "__main__":
    main()
