"""The independent client and log reader agree with published values before they judge anything."""
import base64
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "interop"))
try:
    import kbs_client
    import tlog_proof
except ModuleNotFoundError as missing:  # only outside scripts/test, which installs what this needs
    raise unittest.SkipTest(f"needs the Python package {missing.name}")

NONCE = "mQ60sBt2yEQIuCdsf1KQ55ZzFptgV5UKH6YvvOxgf9I="
KEY = {
    "kty": "EC", "crv": "P-256", "alg": "ECDH-ES+A256KW", "x": "HtIHw_thUIhE32nr47QN-HicbJZmMqE3H5i6OQYXKgU",
    "y": "lJAmYVoGpClk0U0MpuX5NsSnZKf7607kKlzlX1ncLP0",
}
SCALAR = "XHKgSzrX-oAJDHQqPdMoLK5C2MST17z47TC8Ov5JKwE"
ENCRYPTED = {
    "protected": "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkEyNTZHQ00iLCJlcGsiOnsiY3J2IjoiUC0yNTYiLCJrdHkiOiJFQyIsIngiOi"
                 "JwZ0ZCOGY2STVndlloRWYxbHI5NGttUl9qMTItREotaXpHY3l0T3RGU3FNIiwieSI6Ikg1eXVoR2hRMjd2dkJrWldwZkRnV3dIaTNN"
                 "aE1yY19nLUwxdENWVkZSdW8ifX0",
    "encrypted_key": "0RwurtVQRI4cXskG49G274avcGlXqySBtmqY8qzBALV90qhRslg2ig",
    "iv": "QEFCQ0RFRkdISUpL", "ciphertext": "lNbbQE5P5mWo5GNT6BAzKBylIDnD", "tag": "5koGaJxP7yBsxJyidariCQ",
}
ROOTS = {
    1: "dziFphNIniTOLPdhmdakI/BC5LvxLX7s7pEu8nbGVwE=", 2: "WkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A=",
    3: "lPvQ3YNvUDAWkubQ6t5yjuGexSv/8WBu2AfIV11aqhk=", 7: "mMl/C6MXXNCLAx3QhLncTmSbZNGijm6mlGRlAxc6tYc=",
    8: "tpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8YSk25Z3M=", 257: "XB/f6DU1gCLyOS3keNvgU/wTDP4dOggoeakM9r8Uv34=",
}
LOG = "vouchsafe.test/log+8f6f3a95+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
SIGNED = (
    f"vouchsafe.test/log\n7\n{ROOTS[7]}\n\n\u2014 vouchsafe.test/log "
    "j286lUhaneWCD7kLYWX1XBSDxZr99F9NKvwSstdMBdKnFD0B80HcgTE1RrxUGbG6XZtarxbKssjShjaRGKE+W1bS7QU=\n").encode()
PATH = ["YcoROfaBWEHVuvLQ0tm9nf7pfImN1ve6DAqpQe5sAes=", ROOTS[2], "lK+4osoFHAVFjqOdzRmxvWjn4zUp8QtDnSphWlH2NuI="]


def proof(entry=b"entry 2", index=2, path=PATH, note=SIGNED):
    lines = [tlog_proof.HEADER, f"extra {base64.b64encode(entry).decode()}", f"index {index}", *path]
    return "\n".join(lines).encode() + b"\n\n" + note


class InteropVectors(unittest.TestCase):
    def test_runtime_data_digests_are_the_published_ones(self):
        self.assertTrue(kbs_client.digest(NONCE, KEY).hex().startswith("5df727f5b46eedc3acb6516d21567b33"))
        self.assertTrue(kbs_client.digest(NONCE, KEY, "").hex().startswith("9cc798e2a3e90f3e020c6a5432959868"))

    def test_the_published_encrypted_resource_opens(self):
        key = kbs_client.ECKey.import_key({name: KEY[name] for name in ("kty", "crv", "x", "y")} | {"d": SCALAR})
        self.assertEqual(kbs_client.decrypt(ENCRYPTED, key), b"vouchsafe test secret")

    def test_tree_roots_are_the_published_ones(self):
        for size, root in ROOTS.items():
            hashes = [tlog_proof.leaf_hash(f"entry {at}".encode()) for at in range(size)]
            self.assertEqual(base64.b64encode(tlog_proof.root_of(hashes)).decode(), root, size)

    def test_the_published_proof_verifies_and_no_altered_one_does(self):
        key = tlog_proof.VerifierKey(LOG)
        self.assertEqual(tlog_proof.Proof(proof(), key).index, 2)
        for altered in [proof(entry=b"entry 3"), proof(index=3), proof(path=PATH[:2]), proof(path=PATH + PATH[:1]),
                        proof(note=SIGNED.replace(b"\n7\n", b"\n8\n"))]:
            with self.assertRaises(tlog_proof.Invalid):
                tlog_proof.Proof(altered, key)


if __name__ == "__main__":
    unittest.main()
