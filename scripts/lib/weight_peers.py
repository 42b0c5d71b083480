"""Decryption in Python, as a person would write it instead: called by scripts/bench weights.

    weight_peers.py seal PLAIN SEALED | open SEALED OUT THREADS | tink-seal PLAIN SEALED | tink-open SEALED OUT
"""
import concurrent.futures
import os
import sys
import time

SEGMENT = 1 << 20
TAG = 16
KEY = bytes(range(32))


def nonce(index):
    return index.to_bytes(12, "big")


def seal(plain, sealed):
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    cipher = AESGCM(KEY)
    with open(plain, "rb") as source, open(sealed, "wb") as out:
        index = 0
        while block := source.read(SEGMENT):
            out.write(cipher.encrypt(nonce(index), block, None))
            index += 1


def open_all(sealed, target, threads):
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    source = os.open(sealed, os.O_RDONLY)
    out = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    size = os.fstat(source).st_size
    count = -(-size // (SEGMENT + TAG))

    def work(first):
        cipher, sealed_bytes, plain = AESGCM(KEY), bytearray(SEGMENT + TAG), bytearray(SEGMENT)
        into = getattr(cipher, "decrypt_into", None)
        for index in range(first, count, threads):
            at = index * (SEGMENT + TAG)
            if into:
                got = os.preadv(source, [sealed_bytes], at)
                place = memoryview(plain)[:got - TAG]
                into(nonce(index), memoryview(sealed_bytes)[:got], None, place)
            else:  # older versions take and give bytes
                place = cipher.decrypt(nonce(index), os.pread(source, SEGMENT + TAG, at), None)
            os.pwrite(out, place, index * SEGMENT)

    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    print(time.monotonic() - start)


def tink_primitive():
    from tink import cleartext_keyset_handle, streaming_aead
    from tink.proto import aes_gcm_hkdf_streaming_pb2 as pb, common_pb2, tink_pb2
    import tink
    streaming_aead.register()
    value = pb.AesGcmHkdfStreamingKey(version=0, key_value=KEY, params=pb.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=SEGMENT, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256))
    keyset = tink_pb2.Keyset(primary_key_id=1)
    keyset.key.add(
        key_id=1, status=tink_pb2.ENABLED, output_prefix_type=tink_pb2.RAW,
        key_data=tink_pb2.KeyData(
            type_url="type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey", value=value.SerializeToString(),
            key_material_type=tink_pb2.KeyData.SYMMETRIC))
    handle = cleartext_keyset_handle.from_keyset(keyset)
    return handle.primitive(streaming_aead.StreamingAead)


def tink_seal(plain, sealed):
    with open(plain, "rb") as source, tink_primitive().new_encrypting_stream(open(sealed, "wb"), b"bench") as out:
        while block := source.read(SEGMENT):
            out.write(block)


def tink_open(sealed, target):
    primitive = tink_primitive()
    start = time.monotonic()
    with primitive.new_decrypting_stream(open(sealed, "rb"), b"bench") as source, open(target, "wb") as out:
        while block := source.read(SEGMENT):
            out.write(block)
    print(time.monotonic() - start)


def main():
    verb, *words = sys.argv[1:]
    {"seal": seal, "tink-seal": tink_seal, "tink-open": tink_open,
     "open": lambda sealed, target, threads: open_all(sealed, target, int(threads))}[verb](*words)


if __name__ == "__main__":
    main()
