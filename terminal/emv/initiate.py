"""Initiate application processing. Law: EMV 4.4 Book 3, 10.1; formats 1 and 2 of GPO give the same value."""

from __future__ import annotations

import msgspec

from terminal.emv import apdu, tags, tlv
from terminal.emv.errors import ApplicationRefused, CardFaulty
from terminal.emv.transport import Link
from terminal.emv.verification import Aip

AIP_LENGTH, ENTRY_LENGTH = 2, 4
LAST_SFI = 30
FIRST_RECORD = 1


class AflEntry(msgspec.Struct, frozen=True):
    """One line of the application file locator (Book 3, 10.2)."""

    sfi: int
    first: int
    last: int
    authenticated: int  # so many of them, from `first` on, take part in offline data authentication


class Initiated(msgspec.Struct, frozen=True):
    """What the application can do and where its records are."""

    aip: Aip
    afl: tuple[AflEntry, ...]


async def initiate(link: Link, pdol_values: bytes) -> Initiated:
    """GET PROCESSING OPTIONS with the PDOL's values. Raises ApplicationRefused (6985: try the next), CardFaulty."""
    response = await link.send(apdu.get_processing_options(pdol_values))
    if response.sw == apdu.CONDITIONS_NOT_SATISFIED:
        raise ApplicationRefused
    if response.sw != apdu.OK:
        raise CardFaulty(f"the application does not start (status {response.sw:04X})")
    aip, afl = _options(response.body)
    if len(aip) != AIP_LENGTH:
        raise CardFaulty("the application interchange profile has a wrong length")
    return Initiated(Aip(int.from_bytes(aip)), locator(afl))


def locator(afl: bytes) -> tuple[AflEntry, ...]:
    """The AFL checked as Book 3, 10.2 asks. Raises CardFaulty."""
    if not afl or len(afl) % ENTRY_LENGTH:
        raise CardFaulty("the application file locator has a wrong length")
    return tuple(_entry(afl[at : at + ENTRY_LENGTH]) for at in range(0, len(afl), ENTRY_LENGTH))


def _options(body: bytes) -> tuple[bytes, bytes]:
    if body[:1] == bytes((tags.FORMAT_1,)):
        value = tlv.sole(body, tags.FORMAT_1)
        return value[:AIP_LENGTH], value[AIP_LENGTH:]
    values = tlv.unique(tlv.parse(tlv.sole(body, tags.FORMAT_2)))
    return values.get(tags.AIP, b""), values.get(tags.AFL, b"")


def _entry(line: bytes) -> AflEntry:
    entry = AflEntry(line[0] >> 3, line[1], line[2], line[3])
    is_whole = (
        line[0] & 0x07 == 0
        and 1 <= entry.sfi <= LAST_SFI
        and FIRST_RECORD <= entry.first <= entry.last
        and entry.authenticated <= entry.last - entry.first + 1
    )
    if not is_whole:
        raise CardFaulty("the application file locator names records that cannot be")
    return entry
