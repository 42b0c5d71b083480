"""A pod whose agent reads its model from a server, into memory of its own: called by store_checks.py."""
import contextlib
import os
import pathlib
import tempfile

from checks import same, true
from room_checks import MODEL, Pod, build_engine, missing_walls, stage_of
from stage import Stage
from store_servers import REGION, Bucket, Files, TokenService, serving


class StoredPod(Pod):
    """Its agents are told a server instead of a directory, and to mount."""

    store, own = None, None

    def configuration(self, name, waived):
        told = super().configuration(name, waived)
        del told["model"]["directory"]
        told["model"]["store"] = self.store
        told["destination"].update({"tmpfs": str(self.own), "mount": "own"})
        return told


@contextlib.contextmanager
def staged(binaries):
    with (tempfile.TemporaryDirectory(prefix="vouchsafe-store-pod-") as folder,
          tempfile.TemporaryDirectory(prefix="vouchsafe-store-pod-", dir="/dev/shm") as memory,
          tempfile.TemporaryDirectory(prefix="vouchsafe-store-pod-", dir="/dev/shm") as own,
          Stage(folder, binaries.resolve()) as stage):
        for path in (folder, memory):
            os.chmod(path, 0o755)
        pod = StoredPod(stage, pathlib.Path(memory), build_engine(folder))
        pod.own = pathlib.Path(own)
        yield pod
        same(list(pod.own.iterdir()), [], "what is left where the model was")


def opens(world, binaries):
    with staged(binaries) as pod, serving(world, Files, pod.stage.path("sealed")) as (server, address):
        pod.store = {"location": f"{address}/", "caFile": str(world.cert)}
        serve(pod, missing_walls(pod))
        same({method for method, *_ in server.asked}, {"GET"}, "methods")


def exchanges(world, binaries):
    """The token that the cluster gave the pod, for keys of the bucket's that nobody had before."""
    role, token = "arn:aws:iam::123456789012:role/models", "header.claims.signature+/="
    service = TokenService()
    with (staged(binaries) as pod, serving(world, Bucket, pod.stage.path("sealed")) as (bucket, address),
          service.serving(world) as tokens):
        bucket.keys = lambda: service.keys
        file = pod.stage.path("token")
        file.write_text(f"{token}\n")
        pod.store = {"location": "s3://bucket/some+folder", "region": REGION, "endpoint": address, "tokenFile": str(file),
                     "role": role, "tokenService": tokens, "caFile": str(world.cert)}
        missing = missing_walls(pod)
        service.asked.clear()
        serve(pod, missing)
        same([(asked["Action"], asked["RoleArn"], asked["WebIdentityToken"]) for asked in service.asked],
             [("AssumeRoleWithWebIdentity", role, token)], "what the token service was asked")
        true(bucket.asked, "the bucket was asked")


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
