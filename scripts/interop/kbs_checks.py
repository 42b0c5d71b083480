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
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from checks import Checks, same, true  # noqa: E402
from stage import MEASUREMENT, ROOT, Stage  # noqa: E402

from joserfc import jws  # noqa: E402
from joserfc.jwk import ECKey  # noqa: E402

import tlog_proof  # noqa: E402
from kbs_client import Handshake, Refused, digest, fetch_evidence, new_key  # noqa: E402
from kbs_requests import refusals_of_requests  # noqa: E402
from kbs_world import RESOURCE, World, refused  # noqa: E402

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


def a_stolen_cookie_gives_only_ciphertext(world):
    victim, thief = world.handshake(), world.handshake("none")
    thief.cookie = victim.cookie
    answer = thief.resource(RESOURCE)
    try:
        thief.open(answer)
    except Exception:
        return
    raise AssertionError("another key opened it")


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
