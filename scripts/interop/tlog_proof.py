"""The decision log as a stranger reads it: C2SP signed notes, tlog-tiles and tlog-proof, written from their texts.

Shares no code with the product. Raises `Invalid` for anything that is not as it should be.
"""
import base64
import hashlib
import os
import pathlib
import subprocess

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HEADER = "c2sp.org/tlog-proof@v1"
TILE = 256
GO_READER = pathlib.Path(__file__).resolve().parent / "tlog" / "main.go"
GO = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode"}  # where Debian's golang-golang-x-mod-dev lies


class Invalid(Exception):
    pass


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class VerifierKey:
    """`name+id+base64(type and key)`; Ed25519 only."""

    def __init__(self, text):
        self.name, identity, encoded = text.strip().split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        wanted = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if raw[0] != 1 or len(raw) != 33 or wanted.hex() != identity:
            raise Invalid("verifier key")
        self.identity, self.key = wanted, Ed25519PublicKey.from_public_bytes(raw[1:])

    def open(self, note):
        """The text of a note that this key signed."""
        text, separator, signatures = note.rpartition(b"\n\n")
        if not separator:
            raise Invalid("note without signatures")
        text += b"\n"
        for line in signatures.decode().splitlines():
            dash, name, encoded = line.split(" ")
            raw = base64.b64decode(encoded, validate=True)
            if dash == "\u2014" and name == self.name and raw[:4] == self.identity:
                try:
                    self.key.verify(raw[4:], text)
                except InvalidSignature:
                    raise Invalid("note's signature") from None
                return text.decode()
        raise Invalid("note not signed by this key")


def checkpoint(note, key):
    """Size and root hash of a signed checkpoint."""
    origin, size, root, *_ = key.open(note).split("\n")
    if origin != key.name:
        raise Invalid("checkpoint of another log")
    return int(size), base64.b64decode(root, validate=True)


def root_of_path(leaf, index, size, path):
    """RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        raise Invalid("index outside the tree")
    at, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise Invalid("path too long")
        if at & 1 or at == last:
            root = node_hash(sibling, root)
            while at & 1 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise Invalid("path too short")
    return root


class Proof:
    """A tlog-proof whose `extra` line carries the entry itself; valid when made."""

    def __init__(self, data, key):
        head, _, self.note = data.partition(b"\n\n")
        lines = head.decode().split("\n")
        if lines[0] != HEADER or not lines[1].startswith("extra ") or not lines[2].startswith("index "):
            raise Invalid("proof's head")
        self.entry = base64.b64decode(lines[1].removeprefix("extra "), validate=True)
        self.index = int(lines[2].removeprefix("index "))
        path = [base64.b64decode(line, validate=True) for line in lines[3:]]
        self.size, root = checkpoint(self.note, key)
        if root_of_path(leaf_hash(self.entry), self.index, self.size, path) != root:
            raise Invalid("entry not in the tree")


def tile_name(number):
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    return "/".join(groups)


def entries(folder, size):
    """Every entry of a log directory, from its entry bundles."""
    found = []
    for number in range((size + TILE - 1) // TILE):
        width = min(TILE, size - number * TILE)
        name = tile_name(number) + ("" if width == TILE else f".p/{width}")
        data = pathlib.Path(folder, "tile", "entries", name).read_bytes()
        for _ in range(width):
            length = int.from_bytes(data[:2], "big")
            found.append(data[2:2 + length])
            data = data[2 + length:]
        if data:
            raise Invalid(f"bytes after the last entry of {name}")
    return found


def root_of(hashes):
    """RFC 9162, 2.1.1, over the hashes of all leaves."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    while len(hashes) > 1:
        paired = [node_hash(*hashes[at:at + 2]) for at in range(0, len(hashes) - 1, 2)]
        hashes = paired + hashes[len(paired) * 2:]
    return hashes[0]


def audit(folder, key):
    """Every entry of a log directory, after recomputing the tree that its checkpoint signs."""
    size, root = checkpoint(pathlib.Path(folder, "checkpoint").read_bytes(), key)
    found = entries(folder, size)
    if root_of([leaf_hash(entry) for entry in found]) != root:
        raise Invalid("entries do not make the signed root")
    return found


def go_accepts(folder, vkey):
    """Has Go's sumdb/tlog read the log directory."""
    words = ["go", "run", str(GO_READER), str(folder), str(vkey)]
    done = subprocess.run(words, env=os.environ | GO, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise Invalid(f"Go's reader ended with {done.returncode}: {done.stdout}{done.stderr}")
