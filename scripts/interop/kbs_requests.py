"""Requests that no client of ours would make: wrong paths, credentials, documents and HTTP, and too many of them."""
import base64
import json
import socket
import ssl

from checks import same, true
from joserfc import jws
from joserfc.jwk import ECKey

from kbs_client import unpadded
from kbs_world import RESOURCE, refused

AUTH = {"version": "0.4.0", "tee": "snp", "extra-params": ""}


def refused_resource(world, path, status):
    handshake = world.handshake()
    refused(lambda: handshake.resource(path), status)


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
