#!/usr/bin/env python3
"""A stock-like client against a real broker and a simulated TEE: what works, and what is refused and how.

  kbs_checks.py [--bin DIRECTORY]

One line per check; the last is `N passed, N failed, N skipped`.
"""
import argparse
import base64
import copy
import json
import pathlib
import re
import socket
import ssl
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from checks import Checks, same, true  # noqa: E402
from stage import MEASUREMENT, ROOT, Stage  # noqa: E402

from joserfc import jws  # noqa: E402
from joserfc.jwk import ECKey  # noqa: E402

import tlog_proof  # noqa: E402
from kbs_client import Connection, Handshake, Refused, digest, fetch_evidence, new_key, unpadded  # noqa: E402

RESOURCE = "models/check/key"
AUTH = {"version": "0.4.0", "tee": "snp", "extra-params": ""}
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


# what works


def fetches_a_key(world, key, version, bearer):
    handshake = world.handshake(key=key, version=version)
    answer = handshake.resource(RESOURCE, bearer)
    same(handshake.open(answer), world.key, "key")
    same(answer.headers["Content-Type"], "application/json", "content type")


def a_trust_domain_fetches_a_key(world, version):
    handshake = world.handshake(pod=world.domain, tee="tdx", version=version)
    same(handshake.open(handshake.resource(RESOURCE)), world.key, "key")


def a_quote_is_not_a_report(world):
    handshake = world.handshake("auth", pod=world.domain)
    refused(lambda: handshake.attest(), (400, 401, 403))


def altered_quote(world):
    """A TDX quote with one flipped bit in the measured part of its body."""
    handshake = world.handshake("auth", pod=world.domain, tee="tdx")
    body = handshake.attestation()
    evidence = body["tee-evidence"]["primary_evidence"]
    quote = bytearray(base64.b64decode(evidence["quote"]))
    quote[48 + 136] ^= 1  # MRTD's first byte
    evidence["quote"] = base64.b64encode(quote).decode()
    refused(lambda: handshake.attest(body), 403)


def the_header_is_in_the_form_clients_rebuild(world):
    for kind in ("P-256", "P-521", "RSA"):
        text = world.handshake(key=kind).resource(RESOURCE).json()["protected"]
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        header = json.loads(raw)
        rest = {name: header[name] for name in sorted(header) if name not in ("alg", "enc")}
        order = {"alg": header["alg"], "enc": header["enc"]} | {
            name: dict(sorted(value.items())) if isinstance(value, dict) else value for name, value in rest.items()}
        same(raw, json.dumps(order, separators=(",", ":")).encode(), "protected header")


def the_cookie_survives_a_wrong_clock(world):
    pair, attributes = world.handshake("none").auth().cookie()
    true(re.fullmatch(r"kbs-session-id=\S{32,4000}", pair), f"cookie is {pair}")
    names = {text.split("=")[0].lower(): text for text in attributes}
    true("expires" not in names, "the cookie says when it expires by the broker's clock")
    same(names.get("path"), "Path=/kbs/v0", "path")
    true({"max-age", "httponly", "secure"} <= set(names), f"attributes are {attributes}")


def the_nonce_has_the_usual_form(world):
    nonces = {world.handshake("auth").nonce for _ in range(4)}
    same(len(nonces), 4, "different nonces")
    for nonce in nonces:
        same(len(base64.b64decode(nonce, validate=True)), 32, "bytes of the nonce")


def the_token_is_one_that_clients_accept(world):
    handshake = world.handshake()
    header, claims, _ = handshake.token.split(".")
    opened = [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (header, claims)]
    key = ECKey.import_key(opened[0]["jwk"])
    jws.deserialize_compact(handshake.token, key, algorithms=["ES256"])
    for name in ("exp", "iat"):
        true(type(opened[1][name]) is int, f"{name} is {opened[1][name]!r}")
    true(isinstance(opened[1]["iss"], str), "iss is not text")
    cpu = opened[1]["submods"]["cpu0"]
    same(cpu["ear.veraison.annotated-evidence"]["runtime_data_claims"]["tee-pubkey"], handshake.public_key, "tee-pubkey")
    true(len(handshake.token) < 8192, f"the token has {len(handshake.token)} characters")


def the_answer_carries_a_proof_that_it_was_logged(world):
    handshake = world.handshake()
    answer = handshake.resource(RESOURCE)
    proof = tlog_proof.Proof(base64.b64decode(answer.headers["Vouchsafe-Log-Proof"], validate=True), world.log_key)
    leaf = json.loads(proof.entry)
    thumbprint = ECKey.import_key({name: handshake.public_key[name] for name in ("kty", "crv", "x", "y")}).thumbprint()
    same((leaf["type"], leaf["result"], leaf["resource"], leaf["tee_key"]), ("decision", "allow", RESOURCE, thumbprint), "leaf")
    true(leaf.get("sim", leaf.get("simulated")) is True, "the leaf does not say that the evidence is simulated")


# what is refused


def a_challenge_is_answered_once(world):
    handshake = world.handshake("auth")
    body = handshake.attestation()
    handshake.attest(body)
    refused(lambda: handshake.attest(body), 401)


def a_failed_answer_spends_the_challenge(world):
    handshake = world.handshake("auth")
    body = handshake.attestation()
    wrong = copy.deepcopy(body)
    wrong["runtime-data"]["tee-pubkey"] = new_key("P-256")[1]
    refused(lambda: handshake.attest(wrong), 403)
    refused(lambda: handshake.attest(body), 401)


def changed(world, change, status, name=None, code=None):
    handshake = world.handshake("auth")
    body = handshake.attestation()
    change(handshake, body)
    return refused(lambda: handshake.attest(body), status, name, code)


def set_member(*path):
    """A change that puts the last of `path` at the place that the others name."""
    def change(_, body):
        for step in path[:-2]:
            body = body[step]
        body[path[-2]] = path[-1]
    return change


def other_nonce(handshake, body):
    body["runtime-data"]["nonce"] = Handshake(handshake.connection, None).auth().json()["nonce"]


def other_key(_, body):
    body["runtime-data"]["tee-pubkey"] = new_key("P-256")[1]


def evidence_of_another_session(handshake, body):
    bound = digest("AAAA", handshake.public_key, "")
    body["tee-evidence"]["primary_evidence"] = fetch_evidence(handshake.evidence_url, bound)


def flipped_signature(_, body):
    body["tee-evidence"]["primary_evidence"]["attestation_report"]["signature"]["r"][0] ^= 1


def flipped_measurement(_, body):
    body["tee-evidence"]["primary_evidence"]["attestation_report"]["measurement"][0] ^= 1


def unknown_key_member(_, body):
    body["runtime-data"]["tee-pubkey"]["kid"] = "1"


def point_off_the_curve(_, body):
    key = body["runtime-data"]["tee-pubkey"]
    key["y"] = key["x"]


def another_workload_is_refused_and_explained(world):
    handshake = world.handshake("auth", pod=world.other_pod)
    try:
        handshake.attest()
    except Refused as refusal:
        same(refusal.status, 403, "status")
        error = json.loads(refusal.body)
    else:
        error = refused(lambda: handshake.resource(RESOURCE), 403, "PolicyDeny")
    identity = error["decision_id"]
    told = world.stage.vouchsafe("policy", "explain", identity, "--broker", world.stage.admin_url).stdout
    true(("6b" * 48)[:16] in told and MEASUREMENT[:16] in told, f"explained as {told!r}")


def refused_resource(world, path, status):
    handshake = world.handshake()
    refused(lambda: handshake.resource(path), status)


def a_stolen_cookie_gives_only_ciphertext(world):
    victim, thief = world.handshake(), world.handshake("none")
    thief.cookie = victim.cookie
    answer = thief.resource(RESOURCE)
    try:
        thief.open(answer)
    except Exception:
        return
    raise AssertionError("another key opened it")


def bearer(world, change, status=401):
    handshake = world.handshake()
    handshake.token = change(handshake.token)
    refused(lambda: handshake.resource(RESOURCE, bearer=True), status)


def without_signature(token):
    return unpadded(b'{"alg":"none","typ":"JWT"}') + "." + token.split(".")[1] + "."


def resigned_by_another(token):
    key = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "typ": "JWT", "jwk": key.as_dict(private=False)}
    claims = token.split(".")[1]
    payload = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    return jws.serialize_compact(header, payload, key, algorithms=["ES256"])


def raw(world, request, wait=8):
    """Status and body of the answer to these very bytes; (None, b"") when the connection just closes."""
    context = world.connection.context
    place = world.connection.place
    with socket.create_connection((place.hostname, place.port), timeout=wait) as plain:
        with context.wrap_socket(plain, server_hostname=place.hostname) as secured:
            secured.sendall(request)
            received = b""
            try:
                while chunk := secured.recv(65536):
                    received += chunk
            except (socket.timeout, ssl.SSLError, ConnectionError):
                pass
    head, _, body = received.partition(b"\r\n\r\n")
    return (int(head.split(b" ")[1]), body) if head else (None, b"")


def raw_refused(world, head, body, statuses):
    place = world.connection.place
    text = head.replace("HOST", f"{place.hostname}:{place.port}").encode() + body
    status, answer = raw(world, text)
    true(status in statuses, f"status is {status}, not one of {statuses}")
    if answer:
        same(list(json.loads(answer))[:2], ["type", "detail"], "error body")


def auth_body(world, body, status):
    handshake = world.handshake("none")
    refused(lambda: handshake.request("POST", "/auth", body), status)


def too_many_attestations(world):
    """A broker that was told to admit three at once: the fourth is told to come again, and that is all that happens."""
    configuration = world.stage.path("strict.json")
    configuration.write_text('{"attestRatePerSecond": 1, "attestBurst": 3} // and the rest as usual')
    same(world.broker.stop(), 0, "the broker's exit status when it is asked to end")
    world.stage.start_broker("--anchors", world.stage.anchors, "--config", configuration)
    answers = [world.handshake("none").request("POST", "/auth", AUTH) for _ in range(8)]
    late = [answer for answer in answers if answer.status != 200]
    true(0 < len(late) < 8, f"{len(late)} of 8 were refused")
    for answer in late:
        refused(lambda: answer, 429)
        same(answer.headers["Retry-After"], "1", "Retry-After")


def run(checks, world):
    works = lambda name, body, *words: checks.run(name, lambda: body(world, *words))
    for key in ("P-256", "P-521", "RSA"):
        works(f"0.4.0, {key}, by cookie", fetches_a_key, key, "0.4.0", False)
        works(f"0.4.0, {key}, by token", fetches_a_key, key, "0.4.0", True)
        works(f"0.2.0, {key}, by cookie", fetches_a_key, key, "0.2.0", False)
    for version in ("0.4.0", "0.2.0"):
        works(f"{version}, a TDX domain", a_trust_domain_fetches_a_key, version)
    works("refused: a TDX quote in a session of SNP", a_quote_is_not_a_report)
    works("refused: a TDX quote with a flipped bit", altered_quote)
    works("protected header as clients rebuild it", the_header_is_in_the_form_clients_rebuild)
    works("cookie survives a wrong clock", the_cookie_survives_a_wrong_clock)
    works("nonce has the usual form", the_nonce_has_the_usual_form)
    works("token is one that clients accept", the_token_is_one_that_clients_accept)
    works("answer carries a proof that it was logged", the_answer_carries_a_proof_that_it_was_logged)

    works("refused: challenge answered twice", a_challenge_is_answered_once)
    works("refused: challenge answered after a failure", a_failed_answer_spends_the_challenge)
    evidence = ("tee-evidence", "primary_evidence")
    for name, change, status in [
        ("nonce of another session", other_nonce, 401),
        ("swapped tee-pubkey", other_key, 403),
        ("evidence for another nonce", evidence_of_another_session, 403),
        ("signature with a flipped bit", flipped_signature, 403),
        ("measurement with a flipped bit", flipped_measurement, 403),
        ("tee-pubkey with an unknown member", unknown_key_member, 400),
        ("tee-pubkey off the curve", point_off_the_curve, 400),
        ("tee-pubkey of RSA1_5", set_member("runtime-data", "tee-pubkey", "alg", "RSA1_5"), 400),
        ("tee-pubkey of P-384", set_member("runtime-data", "tee-pubkey", "crv", "P-384"), 400),
        ("additional evidence that is not bound", set_member("tee-evidence", "additional_evidence", "{}"), 403),
        ("init-data that the hardware does not hold",
         set_member("init-data", {"format": "toml", "body": 'version = "0.1.0"\nalgorithm = "sha256"\n\n[data]\n'}), 403),
        ("evidence that is not an object", set_member(*evidence, "text"), 400),
        ("empty evidence", set_member(*evidence, {}), 400),
        ("no evidence", set_member(*evidence, None), 400),
    ]:
        works(f"refused: {name}", changed, change, status)
    works("refused: another workload, and explained", another_workload_is_refused_and_explained)
    works("stolen cookie gives only ciphertext", a_stolen_cookie_gives_only_ciphertext)
    refusals_of_requests(works)


def refusals_of_requests(works):
    for path, status in [("models/check/none", (403, 404)), ("models/check", (401, 404)), ("models/check/key/more", (401, 404)),
                         ("models/../key", (400, 401, 404)), ("models/check/%2e%2e", (400, 401, 404))]:
        works(f"refused: resource {path}", refused_resource, path, status)
    for name, change in [
        ("with a changed signature", lambda token: token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB")),
        ("without signature", without_signature), ("signed by another", resigned_by_another),
        ("cut short", lambda token: token.rsplit(".", 1)[0]), ("empty", lambda token: ""),
    ]:
        works(f"refused: token {name}", bearer, change)
    for name, action in [
        ("attest without cookie", lambda it: it.request("POST", "/attest", it.attestation())),
        ("attest with an invented cookie",
         lambda it: it.request("POST", "/attest", it.attestation(), {"Cookie": f"kbs-session-id={'0' * 32}"})),
        ("resource without session", lambda it: it.request("GET", f"/resource/{RESOURCE}")),
        ("resource before attest", lambda it: it.request("GET", f"/resource/{RESOURCE}", headers={"Cookie": it.cookie})),
    ]:
        works(f"refused: {name}", lambda world, action=action: refused(lambda: action(world.handshake("auth")), 401))
    for name, body, status in [
        ("version 0.1.1", {"version": "0.1.1", "tee": "snp", "extra-params": ""}, 401),
        ("unknown TEE", {"version": "0.4.0", "tee": "moon", "extra-params": ""}, 401),
        ("sample TEE", {"version": "0.4.0", "tee": "sample", "extra-params": ""}, (401, 403)),
        ("no TEE", {"version": "0.4.0", "extra-params": ""}, 400),
        ("duplicate member", b'{"version":"0.4.0","version":"0.4.0","tee":"snp","extra-params":""}', 400),
        ("bytes after the document", b'{"version":"0.4.0","tee":"snp","extra-params":""}x', 400),
        ("truncated document", b'{"version":"0.4.0","tee":"snp","extra-par', 400),
        ("empty body", b"", 400),
        ("deep nesting", b'{"version":"0.4.0","tee":"snp","extra-params":' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
        ("oversized body", b" " * (1 << 20), 413),
    ]:
        works(f"refused: auth with {name}", auth_body, body, status)
    post = "POST /kbs/v0/auth HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\n"
    for name, head, body, statuses in [
        ("two lengths", post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n", b"{}", (400,)),
        ("length and chunks", post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", b"{}", (400, 501)),
        ("a line without CR", post.replace("\r\n", "\n") + "Content-Length: 2\n\n", b"{}", (400,)),
        ("another host", post.replace("HOST", "elsewhere.example") + "Content-Length: 2\r\n\r\n", b"{}", (421,)),
        ("a body larger than permitted", post + "Content-Length: 99999999\r\n\r\n", b"", (413,)),
        ("a method that does not exist", post.replace("POST", "BREW") + "Content-Length: 2\r\n\r\n", b"{}", (400, 405, 501)),
    ]:
        works(f"refused: request with {name}", raw_refused, head, body, statuses)
    works("refused: more attestations than one address may ask for", too_many_attestations)


def main():
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reading.add_argument("--bin", default=ROOT / ".build" / "debug")
    given = reading.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="vouchsafe-kbs-") as folder, Stage(folder, given.bin) as stage:
        world = checks.run("a broker serves a registered workload", lambda: World(stage))
        if world:
            run(checks, world)
    checks.finish()


if __name__ == "__main__":
    main()
