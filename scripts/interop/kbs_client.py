#!/usr/bin/env python3
"""A client of the Key Broker Service protocol, written from its specification and sharing no code with the product.

  kbs_client.py --url https://HOST:PORT --ca FILE --evidence http://HOST:PORT --resource REPO/TYPE/TAG [--version 0.4.0]
                [--key P-256|P-521|RSA]

Runs one request-challenge-attestation-response handshake with evidence from an api-server-rest address, fetches the
resource, opens it, and writes it to standard output. JOSE is joserfc's, RFC 8785 is rfc8785's.
"""
import argparse
import base64
import hashlib
import http.client
import json
import ssl
import sys
import urllib.parse
import urllib.request

import rfc8785
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

ALGORITHMS = ["ECDH-ES+A256KW", "RSA-OAEP-256", "A256GCM"]


class Refused(Exception):
    """An answer that is not a success, with what it says."""

    def __init__(self, status, body):
        self.status, self.body = status, body
        super().__init__(f"{status} {body}")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def cookie(self):
        """Name and value, and the attributes, of the one Set-Cookie."""
        pair, *attributes = [part.strip() for part in self.headers.get("Set-Cookie", "").split(";")]
        return pair, attributes


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def new_key(kind):
    """A TEE key and its public form with exactly the members that the protocol knows."""
    if kind == "RSA":
        key, members, algorithm = RSAKey.generate_key(2048), ["kty", "n", "e"], "RSA-OAEP-256"
    else:
        key, members, algorithm = ECKey.generate_key(kind), ["kty", "crv", "x", "y"], "ECDH-ES+A256KW"
    public = key.as_dict(private=False)
    return key, {name: public[name] for name in members} | {"alg": algorithm}


def digest(nonce, public_key, additional=None):
    """What evidence is bound to: SHA-384 of the canonical runtime data; `additional` None is the form of 0.2.0."""
    data = {"nonce": nonce, "tee-pubkey": public_key}
    if additional is not None:
        data["additional-evidence"] = additional
    return hashlib.sha384(rfc8785.dumps(data)).digest()


def fetch_evidence(url, bound):
    query = urllib.parse.urlencode({"runtime_data": unpadded(bound), "encoding": "base64"})
    with urllib.request.urlopen(f"{url}/aa/evidence?{query}", timeout=20) as answer:
        return json.load(answer)


def decrypt(body, key):
    registry = jwe.JWERegistry(algorithms=ALGORITHMS)
    return jwe.decrypt_json(body, key, registry=registry).plaintext


class Connection:
    """HTTPS to one broker whose certificate must be the given one, checked strictly; nothing is retried."""

    def __init__(self, url, ca):
        self.place = urllib.parse.urlsplit(url)
        self.context = ssl.create_default_context(cafile=ca)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        # a self-signed certificate given as the only authority, held to all of RFC 5280
        self.context.verify_flags |= ssl.VERIFY_X509_STRICT | getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0x80000)

    def send(self, method, path, body=None, headers=None):
        connection = http.client.HTTPSConnection(
            self.place.hostname, self.place.port, context=self.context, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()


class Handshake:
    """One session: `auth`, then `attest`, then any number of `resource`."""

    def __init__(self, connection, evidence_url, key="P-256", version="0.4.0", tee="snp"):
        self.connection, self.evidence_url, self.version, self.tee = connection, evidence_url, version, tee
        self.key, self.public_key = new_key(key)
        self.cookie = self.nonce = self.token = None

    def request(self, method, path, body=None, headers=None):
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if content is not None else {}
        return self.connection.send(method, "/kbs/v0" + path, content, sent | (headers or {}))

    def auth(self):
        extra = {"supported-hash-algorithms": ["sha256", "sha384", "sha512", "sm3"]}
        answer = self.request("POST", "/auth", {"version": self.version, "tee": self.tee, "extra-params": extra})
        if answer.status != 200:
            raise Refused(answer.status, answer.body)
        self.cookie, self.nonce = answer.cookie()[0], answer.json()["nonce"]
        return answer

    def attestation(self, additional=""):
        """The body of `/attest`, as an honest pod would send it."""
        if self.version == "0.2.0":
            evidence = fetch_evidence(self.evidence_url, digest(self.nonce, self.public_key))
            return {"tee-pubkey": self.public_key, "tee-evidence": evidence}
        evidence = fetch_evidence(self.evidence_url, digest(self.nonce, self.public_key, additional))
        return {
            "init-data": None,
            "runtime-data": {"nonce": self.nonce, "tee-pubkey": self.public_key},
            "tee-evidence": {"primary_evidence": evidence, "additional_evidence": additional},
        }

    def attest(self, body=None):
        answer = self.request("POST", "/attest", body or self.attestation(), {"Cookie": self.cookie})
        if answer.status != 200:
            raise Refused(answer.status, answer.body)
        self.cookie = answer.cookie()[0] or self.cookie
        self.token = answer.json()["token"]
        return answer

    def resource(self, path, bearer=False):
        """The answer to a fetch, by the session's cookie or by its token."""
        proof = {"Authorization": f"Bearer {self.token}"} if bearer else {"Cookie": self.cookie}
        answer = self.request("GET", f"/resource/{path}", headers=proof)
        if answer.status != 200:
            raise Refused(answer.status, answer.body)
        return answer

    def open(self, answer):
        return decrypt(answer.json(), self.key)


def main():
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--url", "--ca", "--evidence", "--resource"):
        reading.add_argument(name, required=True)
    reading.add_argument("--version", default="0.4.0")
    reading.add_argument("--key", default="P-256", choices=["P-256", "P-521", "RSA"])
    given = reading.parse_args()
    handshake = Handshake(Connection(given.url, given.ca), given.evidence, given.key, given.version)
    try:
        handshake.auth()
        handshake.attest()
        sys.stdout.buffer.write(handshake.open(handshake.resource(given.resource)))
    except Refused as refused:
        sys.exit(f"refused: {refused}")


if __name__ == "__main__":
    main()
