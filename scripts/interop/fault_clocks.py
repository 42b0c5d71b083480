"""Clocks that are wrong, and clocks that jump."""
import contextlib

from checks import same, true
from fault_world import GONE, Copy

DAY, MINUTE = 86_400, 60


def clock_wrong_at_start(original, folder):
    folder.mkdir(parents=True)
    said = folder / "seconds"
    with Copy(original, folder) as copy:
        for offset, words in ((4000 * DAY, "has expired"), (-400 * DAY, "is not valid yet")):
            said.write_text(str(offset))
            copy.refused(["tls/cert.pem", words], env=original.preload("wrong_clock", WRONG_CLOCK=str(said)))
        copy.goes_on()


def clock_jumps_while_serving(original, folder):
    """Forward, an attestation is over; backward, nothing is worth more than before; the log stays whole."""
    folder.mkdir(parents=True)
    said = folder / "seconds"
    said.write_text("0")
    with Copy(original, folder) as copy:
        copy.start(env=original.preload("wrong_clock", WRONG_CLOCK=str(said)))
        copy.ready()
        copy.attest()
        copy.release()
        for offset in (2 * DAY, 0, -20 * MINUTE, 59 * MINUTE, 0):
            given = len(copy.keys)
            said.write_text(str(offset))
            old = copy.handshake
            with contextlib.suppress(*GONE):
                copy.release()
            if offset == 2 * DAY:
                same(len(copy.keys), given, "keys for an attestation of two days ago")
            true(copy.program.process.poll() is None, "the broker ended")
            with contextlib.suppress(*GONE):
                copy.attest()
                copy.release()
            true(copy.handshake is not old, "no new handshake")
        copy.attest()
        copy.release()
        same(copy.stop()[0], 0, "exit status")
        copy.goes_on()
