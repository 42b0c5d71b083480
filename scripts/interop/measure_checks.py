#!/usr/bin/env python3
"""Launch measurements against calculators that are not ours, on Debian's firmware and on firmware that is not honest.

  measure_checks.py [--bin DIRECTORY] [--firmware FILE]

For SEV-SNP the other calculator is sev-snp-measure (PyPI); for TDX, and for EFI programs, a short one below that was
written from the specifications alone. Firmware is Debian's OVMF and copies of it whose description of itself is changed,
among them one with a page for the digests of a kernel. One line a check; the last is `N passed, N failed, N skipped`.
Installs nothing.
"""
import argparse
import hashlib
import itertools
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))
from checks import Checks, same, true  # noqa: E402

try:
    from sevsnpmeasure import guest, vcpu_types, vmm_types
    from sevsnpmeasure.sev_mode import SevMode
except ModuleNotFoundError:
    guest = None

PAGE, CHUNK = 4096, 256
MODELS = {"EPYC": "EPYC", "EPYC-v4": "EPYC-v4", "EPYC-IBPB": "EPYC-IBPB", "EPYC-Rome-v2": "EPYC-Rome-v2",
          "EPYC-Milan": "EPYC-Milan", "EPYC-Milan-v2": "EPYC-Milan-v2", "EPYC-Genoa": "EPYC-Genoa",
          "EPYC-Turin": "EPYC-Turin", "25/17/0": "EPYC-Genoa"}
SEV_METADATA = uuid.UUID("dc886566-984a-4798-a75e-5585a7bf67cc").bytes_le
SEV_HASHES = uuid.UUID("7255371f-3a3b-4b04-927b-1da6efa8d454").bytes_le
TDX_METADATA = uuid.UUID("e47a6535-984a-4798-865e-4685a7bf8ec2").bytes_le


class Ours:
    """Our own calculator, as a person runs it."""

    def __init__(self, program, folder):
        self.program, self.folder, self.made = program, pathlib.Path(folder), itertools.count()

    def file(self, content):
        path = self.folder / f"{next(self.made)}.bin"
        path.write_bytes(content)
        return path

    def run(self, *words):
        return subprocess.run([self.program, "reference", "compute", *map(str, words)], capture_output=True, text=True,
                              timeout=120)

    def section(self, tee, *words):
        done = self.run(tee, *words, "-o", "json")
        same(done.returncode, 0, f"our status ({done.stderr.strip()})")
        return json.loads(done.stdout)["tees"][tee]


def described(image, guid):
    """Where the description with this GUID begins."""
    at = image.rindex(guid)
    return len(image) - struct.unpack("<I", image[at - 6:at - 2])[0]


def with_kernel_page(image, inside=0xC00):
    """A copy in which the second section of memory is the page of a kernel's digests."""
    image = bytearray(image)
    at = described(image, SEV_METADATA) + 16 + 12
    address = struct.unpack_from("<I", image, at)[0]
    struct.pack_into("<III", image, at, address, PAGE, 0x10)
    place = image.rindex(SEV_HASHES) - 10
    struct.pack_into("<II", image, place, address + inside, 0x400)
    return bytes(image)


def snp_checks(checks, ours, image):
    def theirs(firmware, count, model, vmm="qemu", features=1, kernel="", initrd="", line=""):
        monitor = {"qemu": vmm_types.VMMType.QEMU, "ec2": vmm_types.VMMType.ec2, "gce": vmm_types.VMMType.gce}[vmm]
        return guest.calc_launch_digest(
            SevMode.SEV_SNP, count, vcpu_types.CPU_SIGS[MODELS[model]], str(firmware), str(kernel), str(initrd), line,
            features, vmm_type=monitor).hex()

    def agree(firmware, counts, model, vmm="qemu", features=1, kernel="", initrd="", line=""):
        words = ["--firmware", firmware, "--vcpus", ",".join(map(str, counts)), "--cpu", model, "--vmm", vmm,
                 "--guest-features", hex(features)]
        for option, value in (("--kernel", kernel), ("--initrd", initrd), ("--cmdline", line)):
            words += [option, value] if value else []
        wanted = [theirs(firmware, count, model, vmm, features, kernel, initrd, line) for count in counts]
        same(ours.section("snp", *words)["measurements"], wanted, "the measurements")

    plain, measuring = ours.file(image), ours.file(with_kernel_page(image))
    for model in MODELS:
        checks.run(f"snp: {model}, 1, 2, 3, 8 and 64 processors", lambda: agree(plain, [1, 2, 3, 8, 64], model))
    for vmm, features in itertools.product(("qemu", "ec2", "gce"), (0x1, 0x21, 0x3F, 0x80000001)):
        checks.run(f"snp: {vmm}, features {features:#x}", lambda: agree(plain, [1, 5], "EPYC-Genoa", vmm, features))
    kernels = [ours.file(bytes(range(256)) * 41), ours.file(b"k")]
    disks = ["", ours.file(b"initrd" * 999)]
    lines = ["", "console=ttyS0", "root=/dev/vda1 ro quiet \"a b\" \u00e9"]
    for vmm in ("qemu", "ec2", "gce"):
        for number, (kernel, disk, line) in enumerate(itertools.product(kernels, disks, lines)):
            checks.run(f"snp: {vmm}, measured kernel {number}",
                       lambda: agree(measuring, [2], "EPYC-Milan", vmm, 1, kernel, disk, line))
    for inside in (0, 0x10, PAGE - 0xB0):
        firmware = ours.file(with_kernel_page(image, inside))
        checks.run(f"snp: digests {inside:#x} into their page",
                   lambda: agree(firmware, [1], "EPYC-Milan", kernel=kernels[0]))
    checks.run("snp: without a page for its digests a kernel is refused by both", lambda: refused_by_both(
        lambda: theirs(plain, 1, "EPYC", kernel=kernels[0]),
        lambda: ours.run("snp", "--firmware", plain, "--vcpus", 1, "--cpu", "EPYC", "--kernel", kernels[0])))


def refused_by_both(theirs, ours):
    try:
        theirs()
    except RuntimeError:
        same(ours().returncode, 5, "our status")
    else:
        raise AssertionError("they accept it")


def domain_measurement(image, by_section=False):
    """MRTD by Intel's specifications: each page by its address, each measured chunk by address and content."""
    at = described(image, TDX_METADATA)
    signature, _, version, count = struct.unpack_from("<4sIII", image, at)
    true(signature == b"TDVF" and version == 1, "TDX metadata are found")
    digest = hashlib.sha384()

    def block(name, address):
        digest.update(struct.pack("<16sQ104x", name, address))

    def extend(data, place, page):
        for chunk in range(page, page + PAGE, CHUNK):
            block(b"MR.EXTEND", place + chunk)
            digest.update(data[chunk:chunk + CHUNK].ljust(CHUNK, b"\0"))

    for number in range(count):
        offset, size, place, memory, kind, attributes = struct.unpack_from("<IIQQII", image, at + 16 + 32 * number)
        if attributes & 2:
            continue
        data = image[offset:offset + size]
        for page in range(0, memory, PAGE):
            block(b"MEM.PAGE.ADD", place + page)
            if attributes & 1 and not by_section:
                extend(data, place, page)
        for page in range(0, memory, PAGE) if attributes & 1 and by_section else ():
            extend(data, place, page)
    return digest.hexdigest()


def tdx_checks(checks, ours, image):
    def agree(firmware, order="pageByPage"):
        got = ours.section("tdx", "--firmware", ours.file(firmware), "--page-order", order)
        same(got["mrTD"], [domain_measurement(firmware, order == "sectionBySection")], "MRTD")

    def changed(number, **fields):
        copy = bytearray(image)
        at = described(image, TDX_METADATA) + 16 + 32 * number
        for name, value in fields.items():
            form, place = {"size": ("<I", 4), "address": ("<Q", 8), "memory": ("<Q", 16), "attributes": ("<I", 28)}[name]
            struct.pack_into(form, copy, at + place, value)
        return bytes(copy)

    checks.run("tdx: Debian's firmware", lambda: agree(image))
    checks.run("tdx: Debian's firmware, section by section", lambda: agree(image, "sectionBySection"))
    for name, firmware in {
        "another byte of the boot volume": image[:0x30000] + b"\x5a" + image[0x30001:],
        "the variables measured": changed(1, attributes=1),
        "less content than memory": changed(0, size=0x1df000),
        "content that ends inside a chunk": changed(0, size=0x1df0ff),
        "a hand-off block elsewhere": changed(4, address=0x900000),
        "a larger hand-off block": changed(4, memory=0x1000),
    }.items():
        checks.run(f"tdx: {name}", lambda: agree(firmware))


def program(certificates=0, magic=0x20B):
    """A small EFI program and its Authenticode digest."""
    directories = 112 if magic == 0x20B else 96
    optional = bytearray(directories + 128)
    struct.pack_into("<H", optional, 0, magic)
    struct.pack_into("<II", optional, 60, 1024, 0x12345678)
    struct.pack_into("<I", optional, directories - 4, 16)
    struct.pack_into("<II", optional, directories + 32, 2600, certificates)
    sections = b"".join(struct.pack("<16xII16x", size, place) for size, place in ((512, 2048), (1024, 1024), (0, 0)))
    header = b"MZ" + bytes(58) + struct.pack("<I", 128) + bytes(64) + b"PE\0\0" + struct.pack(
        "<HH12xHH", 0x8664, 3, len(optional), 0x22E)
    start = len(header)
    image = (header + optional + sections).ljust(1024, b"\0") + bytes(range(256)) * 6 + b"behind all" * 4
    hashed = image[:start + 64] + image[start + 68:start + directories + 32] + image[start + directories + 40:]
    return image + b"\xce" * certificates, hashlib.sha384(hashed).hexdigest()


def program_checks(checks, ours, image):
    def agree(content, digest):
        done = ours.run("tdx", "--firmware", firmware, "--kernel", ours.file(content))
        same(done.returncode, 0, f"our status ({done.stderr.strip()})")
        true(f"Authenticode SHA-384: {digest}\n" in done.stdout, "the digest is the specification's")

    firmware = ours.file(image)
    for certificates, magic in itertools.product((0, 1488), (0x10B, 0x20B)):
        checks.run(f"efi: a program of form {magic:#x} with {certificates} bytes of signatures",
                   lambda: agree(*program(certificates, magic)))


def main():
    parser = argparse.ArgumentParser(description="Launch measurements against calculators that are not ours.")
    parser.add_argument("--bin", default=ROOT / ".build" / "debug", type=pathlib.Path)
    parser.add_argument("--firmware", default="/usr/share/ovmf/OVMF.fd", type=pathlib.Path)
    options = parser.parse_args()
    checks = Checks()
    if not options.firmware.is_file():
        checks.skip("measurements", f"no {options.firmware}: apt-get install ovmf")
        checks.finish()
    image = options.firmware.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(options.bin / "vouchsafe", folder)
        if guest is None:
            checks.skip("snp", "no Python package sev-snp-measure")
        else:
            snp_checks(checks, ours, image)
        tdx_checks(checks, ours, image)
        program_checks(checks, ours, image)
    checks.finish()


if __name__ == "__main__":
    main()
