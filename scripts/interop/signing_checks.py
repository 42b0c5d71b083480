#!/usr/bin/env python3
"""Models that PyPI's model-signing signed, before `vouchsafe model verify` and `model seal`.

  signing_checks.py [--bin DIRECTORY]

model-signing signs folders, with keys on three curves and with certificates; we come to its verdict on them as they are,
and on each after one thing about it was changed. Where we are stricter than it is, the check says so. A sealed model
then tells who published it, and what was signed is what comes out of it. One line a check; the last is
`N passed, N failed, N skipped`.
"""
import argparse
import base64
import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
import model_signing

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))
from checks import Checks, same, true  # noqa: E402

PEM = serialization.Encoding.PEM
DAY = datetime.timedelta(days=1)
CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}


def write_key(path, key):
    path.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    path.with_suffix(".pub").write_bytes(
        key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    return path


class Authority:
    """A certificate and its key, which can issue others."""

    def __init__(self, name, issuer=None, usage="keyCertSign", purposes=(), before=None, after=None):
        self.name, self.key = name, ec.generate_private_key(ec.SECP384R1())
        now = datetime.datetime.now(datetime.timezone.utc)
        signer = issuer or self
        is_authority = usage == "keyCertSign"
        builder = (
            x509.CertificateBuilder().subject_name(self.subject).issuer_name(signer.subject)
            .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(before or now - 30 * DAY).not_valid_after(after or now + 365 * DAY)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False))
        if usage:
            flags = dict.fromkeys(
                ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                 "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False)
            flags["key_cert_sign" if is_authority else "digital_signature"] = True
            builder = builder.add_extension(x509.KeyUsage(**flags), critical=True)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        self.certificate = builder.sign(signer.key, hashes.SHA384())

    @property
    def subject(self):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])

    def write(self, folder):
        path = folder / f"{self.name}.pem"
        path.write_bytes(self.certificate.public_bytes(PEM))
        return path


class World:
    def __init__(self, folder, program):
        self.folder, self.program, self.count = folder, program, 0

    def model(self):
        """A new folder of files, some in folders, one empty, one with a name beyond ASCII."""
        self.count += 1
        model = self.folder / f"model{self.count}"
        (model / "deep" / "er").mkdir(parents=True)
        (model / "config.json").write_text('{"a": 1}\n')
        (model / "deep" / "er" / "weights.dat").write_bytes(bytes(range(256)) * 9000)
        (model / "empty").touch()
        (model / "na\u00efve.txt").write_text("x\n")
        return model

    def sign_with_key(self, model, curve="P-256"):
        key = write_key(self.folder / f"{model.name}.key", ec.generate_private_key(CURVES[curve]()))
        signature = self.folder / f"{model.name}.sig"
        model_signing.signing.Config().use_elliptic_key_signer(private_key=key).sign(model, signature)
        return signature, ["--public-key", key.with_suffix(".pub")]

    def sign_with_certificate(self, model, signer, chain, roots):
        key = write_key(self.folder / f"{model.name}.key", signer.key)
        signature = self.folder / f"{model.name}.sig"
        model_signing.signing.Config().use_certificate_signer(
            private_key=key, signing_certificate=signer.write(self.folder),
            certificate_chain=[one.write(self.folder) for one in chain or [signer]]).sign(model, signature)
        trusted = self.folder / f"{model.name}.roots.pem"
        trusted.write_bytes(b"".join(one.certificate.public_bytes(PEM) for one in roots))
        return signature, ["--certificates", trusted]

    def run(self, *words):
        return subprocess.run(
            [self.program, "model", *map(str, words)], capture_output=True, text=True, cwd=self.folder)

    def verify(self, model, signature, trust, *more):
        return self.run("verify", model, "--signature", signature, *trust, *more)

    def theirs(self, model, signature, trust):
        """model-signing's own verdict."""
        config = model_signing.verifying.Config()
        if trust[0] == "--public-key":
            config.use_elliptic_key_verifier(public_key=trust[1])
        else:
            config.use_certificate_verifier(certificate_chain=[trust[1]])
        try:
            config.verify(model, signature)
            return True
        except Exception:
            return False


def refused(done, status, words):
    same(done.returncode, status, f"exit status ({done.stderr.strip()})")
    true(words in done.stderr, f"{done.stderr.strip()!r} does not say {words!r}")
    same(len(done.stderr.splitlines()), 1, "lines")


def as_signed(world, curve):
    model = world.model()
    signature, trust = world.sign_with_key(model, curve)
    true(world.theirs(model, signature, trust), "its own verdict is no")
    done = world.verify(model, signature, trust, "-o", "json")
    same(done.returncode, 0, done.stderr)
    same((json.loads(done.stdout)["verdict"], json.loads(done.stdout)["files"]), ("verified", 4))


def rewrite(signature, change):
    """The bundle with its parts changed; what `change` returns is the payload."""
    bundle = json.loads(signature.read_text())
    envelope = bundle["dsseEnvelope"]
    payload = json.loads(base64.b64decode(envelope["payload"]))
    envelope["payload"] = base64.b64encode(json.dumps(change(payload, bundle) or payload).encode()).decode()
    signature.write_text(json.dumps(bundle))


def first(payload):
    return payload["predicate"]["resources"][0]


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def flip_signature(bundle):
    raw = bytearray(base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"]))
    raw[-1] ^= 1
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(raw).decode()


# what is done to the folder or to the bundle, the exit status, and what the one line says
CHANGES = {
    "a changed byte": (lambda m, s: flip(m / "deep/er/weights.dat", 2_000_000), 6, "not the bytes that were signed"),
    "a longer file": (lambda m, s: (m / "empty").write_text("x"), 6, "not the bytes that were signed"),
    "a missing file": (lambda m, s: (m / "empty").unlink(), 6, "was signed and is not there"),
    "a renamed file": (lambda m, s: (m / "config.json").rename(m / "konfig.json"), 6, "is now called konfig.json"),
    "a file in another folder": (lambda m, s: (m / "deep/er/weights.dat").rename(m / "weights.dat"), 6, "is now called"),
    "one file more": (lambda m, s: (m / "deep" / "more.py").write_text("x"), 6, "was not signed"),
    "a hidden file more": (lambda m, s: (m / ".more").write_text("x"), 6, "was not signed"),
    "another digest in the statement":
        (lambda m, s: rewrite(s, lambda p, b: first(p).update(digest="0" * 64)), 2, "the signature is wrong"),
    "another name in the statement":
        (lambda m, s: rewrite(s, lambda p, b: first(p).update(name="other")), 2, "the signature is wrong"),
    "a file taken out of the statement":
        (lambda m, s: rewrite(s, lambda p, b: p["predicate"]["resources"].pop()), 2, "the signature is wrong"),
    "another payload type":
        (lambda m, s: rewrite(s, lambda p, b: b["dsseEnvelope"].update(payloadType="text/plain")), 5, "not supported"),
    "a bit of the signature": (lambda m, s: (lambda b: (flip_signature(b), s.write_text(json.dumps(b))))(
        json.loads(s.read_text())), 2, "the signature is wrong"),
    "no signature": (lambda m, s: (lambda b: (b["dsseEnvelope"].update(signatures=[]), s.write_text(json.dumps(b))))(
        json.loads(s.read_text())), 5, "missing"),
    "an empty bundle": (lambda m, s: s.write_text(""), 5, "not a model signature"),
    "a cut bundle": (lambda m, s: s.write_text(s.read_text()[:-2]), 5, "not a model signature"),
}


def changed(world, name):
    change, status, words = CHANGES[name]
    model = world.model()
    signature, trust = world.sign_with_key(model)
    change(model, signature)
    true(not world.theirs(model, signature, trust), "model-signing takes it")
    refused(world.verify(model, signature, trust), status, words)


def other_key(world):
    model = world.model()
    signature, _ = world.sign_with_key(model)
    _, trust = world.sign_with_key(world.model())
    true(not world.theirs(model, signature, trust), "model-signing takes it")
    refused(world.verify(model, signature, trust), 2, "another key")


def links(world):
    model = world.model()
    signature, trust = world.sign_with_key(model)
    (model / "empty").unlink()
    (model / "empty").symlink_to("/dev/null")
    true(not world.theirs(model, signature, trust), "model-signing takes it")
    same(world.verify(model, signature, trust).returncode, 1)


def certificates(checks, world):
    root, other = Authority("root"), Authority("root")
    between = Authority("between", root)
    now = datetime.datetime.now(datetime.timezone.utc)
    code = [ExtendedKeyUsageOID.CODE_SIGNING]

    def signer(**more):
        return Authority("signer", between, **{"usage": "digitalSignature", "purposes": code, **more})

    def verdict(one, wanted, words="", chain=(between,), roots=(root,), theirs=None, more=()):
        model = world.model()
        signature, trust = world.sign_with_certificate(model, one, chain, roots)
        same(world.theirs(model, signature, trust), wanted == 0 if theirs is None else theirs, "model-signing's verdict")
        done = world.verify(model, signature, trust, *more)
        if wanted:
            refused(done, wanted, words)
        else:
            same(done.returncode, 0, done.stderr)
            true("CN=signer" in done.stdout, "the signer is not named")

    # Where nobody is between, the signer's own certificate stands there: model-signing wants one.
    later = now + 30 * DAY
    rows = {
        "a certificate from the root, by one between": (signer(), 0, "", {}),
        "one between that only the verifier has": (signer(), 0, "", {"chain": (), "roots": (root, between)}),
        "by its name": (signer(), 0, "", {"more": ["--signer", "signer"]}),
        "another name": (signer(), 2, "common name", {"more": ["--signer", "someone"], "theirs": True}),
        "no one between": (signer(), 2, "chainUntrusted", {"chain": ()}),
        "another root of the same name": (signer(), 2, "chain", {"roots": (other,)}),
        "a certificate for servers (model-signing takes it)":
            (signer(purposes=[ExtendedKeyUsageOID.SERVER_AUTH]), 2, "not for signing", {"theirs": True}),
        "a certificate that says nothing of its use": (signer(usage=None, purposes=()), 2, "not for signing", {}),
        "an authority's own certificate": (between, 2, "chain", {"chain": ()}),
        "a certificate that has expired since (model-signing asks for when it began)":
            (signer(before=now - 3 * DAY, after=now - DAY), 7, "certificateExpired", {"theirs": True}),
        "the same, at that time":
            (signer(before=now - 3 * DAY, after=now - DAY), 0, "",
             {"more": ["--at", (now - 2 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")]}),
        "a certificate for later":
            (signer(before=later, after=later + DAY), 7, "certificateNotYetValid", {"theirs": True}),
        "later, at that time":
            (signer(before=later, after=later + 2 * DAY), 0, "",
             {"more": ["--at", (later + DAY).strftime("%Y-%m-%dT%H:%M:%SZ")]}),
    }
    for name, (one, wanted, words, more) in rows.items():
        checks.run(f"certificate: {name}", lambda: verdict(one, wanted, words, **more))
    checks.run("certificate: the key alone does not do", lambda: mixed(world, signer(), between, root))


def mixed(world, signer, between, root):
    model = world.model()
    signature, _ = world.sign_with_certificate(model, signer, [between], [root])
    key = world.folder / f"{model.name}.pub"
    refused(world.verify(model, signature, ["--public-key", key]), 2, "with a certificate where a key is expected")


def sealed(world):
    """Sealed, its manifest tells who signed, leaves out what was not signed, and can be held against the signature."""
    model = world.model()
    (model / ".git").mkdir()
    (model / ".git" / "HEAD").write_text("x")
    signature, trust = world.sign_with_key(model)
    bill = world.folder / "bill.json"
    bill.write_text("{}")
    out = world.folder / f"{model.name}.sealed"
    done = world.run("seal", model, out, "--model", "m", "--version", "1", "--key-file", f"{out}.key", "--signature",
                     signature, *trust, "--repository", "https://models.example/m", "--revision", "abc",
                     "--provenance", bill)
    same(done.returncode, 0, done.stderr)
    true("1 files" in done.stderr, "what was left out is not told")
    source = json.loads((out / "manifest.json").read_text())["source"]
    same((source["repository"], source["revision"]), ("https://models.example/m", "abc"))
    same([one["name"] for one in source["provenance"]], ["bill.json"])
    payload = json.loads(base64.b64decode(json.loads(signature.read_text())["dsseEnvelope"]["payload"]))
    same(source["signature"]["modelSha256"], payload["subject"][0]["digest"]["sha256"])
    vkey = ["--verify-key", f"{out}.key.provider.vkey"]
    done = world.run("verify", out, *vkey, "--signature", signature, *trust)
    same(done.returncode, 0, done.stderr)
    other, other_trust = world.sign_with_key(world.model())
    same(world.run("verify", out, *vkey, "--signature", other, *other_trust).returncode, 0, "the same files, signed anew")
    opened = world.folder / f"{model.name}.opened"
    same(world.run("open", out, opened, "--key-file", f"{out}.key", *vkey).returncode, 0)
    true(world.theirs(opened, signature, trust), "what was opened is not what was signed")


def not_sealed(world):
    """A changed file is not sealed under its publisher's name, and nothing is left of the attempt."""
    model = world.model()
    signature, trust = world.sign_with_key(model)
    flip(model / "deep/er/weights.dat", 1)
    out = world.folder / f"{model.name}.sealed"
    done = world.run("seal", model, out, "--model", "m", "--version", "1", "--key-file", f"{out}.key", "--quiet",
                     "--sign-key", provider(world), "--signature", signature, *trust)
    same(done.returncode, 6, done.stderr)
    true("not the bytes that were signed" in done.stderr, done.stderr)
    true(not out.exists(), "something was sealed")


def provider(world):
    path = world.folder / "provider"
    if not path.with_suffix(".key").exists():
        subprocess.run([world.program, "key", "create", "--purpose", "provider", "--out", path], check=True,
                       capture_output=True)
    return path.with_suffix(".key")


def one_file(world):
    """A model of one file has no name in its signature."""
    file = world.model() / "deep" / "er" / "weights.dat"
    key = write_key(world.folder / "one.key", ec.generate_private_key(ec.SECP256R1()))
    signature = world.folder / "one.sig"
    model_signing.signing.Config().use_elliptic_key_signer(private_key=key).sign(file, signature)
    trust = ["--public-key", key.with_suffix(".pub")]
    same(world.verify(file, signature, trust).returncode, 0)
    flip(file, 3)
    refused(world.verify(file, signature, trust), 6, "not the bytes that were signed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / ".build" / "debug")
    program = parser.parse_args().bin.resolve() / "vouchsafe"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vouchsafe-signing-"))
    checks, world = Checks(), World(folder, program)
    try:
        for curve in CURVES:
            checks.run(f"as signed, {curve}", lambda: as_signed(world, curve))
        for name in CHANGES:
            checks.run(name, lambda: changed(world, name))
        checks.run("another key", lambda: other_key(world))
        checks.run("a link in place of a file", lambda: links(world))
        checks.run("a model of one file", lambda: one_file(world))
        certificates(checks, world)
        checks.run("a sealed model tells who published it", lambda: sealed(world))
        checks.run("what was changed is not sealed under a signature", lambda: not_sealed(world))
    finally:
        shutil.rmtree(folder)
    checks.finish()


if __name__ == "__main__":
    main()
