"""A pod whose agent reads its model from a server, into memory of its own: called by store_checks.py."""
import os
import pathlib
import tempfile

from checks import same, true
from room_checks import MODEL, Pod, build_engine, missing_walls, stage_of
from stage import Stage
from store_servers import Files, serving


class StoredPod(Pod):
    """Its agents are told a server instead of a directory, and to mount."""

    address, certificate, own = None, None, None

    def configuration(self, name, waived):
        told = super().configuration(name, waived)
        del told["model"]["directory"]
        told["model"]["store"] = {"location": f"{self.address}/", "caFile": str(self.certificate)}
        told["destination"].update({"tmpfs": str(self.own), "mount": "own"})
        return told


def opens(world, binaries):
    with (tempfile.TemporaryDirectory(prefix="vouchsafe-store-pod-") as folder,
          tempfile.TemporaryDirectory(prefix="vouchsafe-store-pod-", dir="/dev/shm") as memory,
          tempfile.TemporaryDirectory(prefix="vouchsafe-store-pod-", dir="/dev/shm") as own,
          Stage(folder, binaries.resolve()) as stage):
        for path in (folder, memory):
            os.chmod(path, 0o755)
        pod = StoredPod(stage, pathlib.Path(memory), build_engine(folder))
        pod.certificate, pod.own = world.cert, pathlib.Path(own)
        with serving(world, Files, stage.path("sealed")) as (server, pod.address):
            serve(pod, missing_walls(pod))
            same({method for method, *_ in server.asked}, {"GET"}, "methods")
        same(list(pod.own.iterdir()), [], "what is left where the model was")


def serve(pod, missing):
    with pod.agent(missing) as (program, _):
        true(stage_of(program, "ready"), f"the engine serves: {program.output()[-300:]}")
        if os.geteuid():
            return  # what another process has mounted only root may see
        process = pathlib.Path(f"/proc/{program.process.pid}")
        mounts = [line.split() for line in (process / "mounts").read_text().splitlines()]
        options = next((mount[3] for mount in mounts if mount[1] == str(pod.own)), None)
        [model] = (process / "root" / str(pod.own)[1:]).glob("pod*")
        true((model / "model.dat").read_bytes() == MODEL, "the model is as it was")
        if options is None:
            return  # nor may root mount everywhere
        same(list(pod.own.iterdir()), [], "what others see of it")
        true({"nosuid", "nodev", "noexec"} <= set(options.split(",")), options)
