"""A registered workload, the pods that run it, and what a refusal must look like: the ground of the checks."""
import json

from checks import same, true

import tlog_proof
from kbs_client import Connection, Handshake, Refused

RESOURCE = "models/check/key"
ERRORS = "https://github.com/confidential-containers/kbs/errors/"


class World:
    """The stage with one workload that may have one key, one pod that runs it, and one that does not."""

    def __init__(self, stage):
        self.stage = stage
        self.key = bytes(range(32))
        stage.init_broker()
        self.pod = stage.start_tee()
        self.domain = stage.start_tee(name="domain", technology="tdx")
        self.broker = stage.start_broker("--anchors", stage.anchors, "--collateral", stage.collateral)
        for _ in stage.register(stage.reference("check", [RESOURCE])):
            pass
        stage.path("model.key").write_bytes(self.key)
        stage.put_key(RESOURCE, stage.path("model.key"), "check")
        self.other_pod = stage.start_tee("6b" * 48, name="other")
        self.ca = stage.state / "tls" / "cert.pem"
        self.connection = Connection(stage.broker_url, self.ca)
        self.log_key = tlog_proof.VerifierKey((stage.state / "log.vkey").read_text())

    def handshake(self, upto="attest", pod=None, **kinds):
        made = Handshake(self.connection, pod or self.pod, **kinds)
        if upto in ("auth", "attest"):
            made.auth()
        if upto == "attest":
            made.attest()
        return made


def refused(action, status, name=None, code=None):
    """`action` is answered with `status` (or one of them) and the protocol's error body."""
    try:
        answer = action()
        if answer.status == 200:
            raise AssertionError("accepted")
        got, body = answer.status, answer.body
    except Refused as refusal:
        got, body = refusal.status, refusal.body
    true(got in (status if isinstance(status, tuple) else (status,)), f"status is {got}, not {status}: {body!r}")
    error = json.loads(body)
    true(list(error)[:2] == ["type", "detail"], f"error body is {error}")
    true(all(isinstance(error[member], str) for member in ("type", "detail")), f"error body is {error}")
    true(error["type"].startswith(ERRORS), f"type is {error['type']}")
    if name:
        same(error["type"].removeprefix(ERRORS), name, "type")
    if code:
        same(error.get("code"), code, "code")
    return error
