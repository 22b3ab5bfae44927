"""Read application data. Law: EMV 4.4 Book 3, 10.2: every record the AFL names, in its order, each object once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from terminal.emv import apdu, tags, tlv
from terminal.emv.errors import CardFaulty
from terminal.emv.initiate import AflEntry
from terminal.emv.transport import Link

LAST_EMV_SFI = 10  # Book 3, 5.3: above it, records are the issuer's own
MANDATORY = (tags.EXPIRY, tags.PAN, tags.CDOL1, tags.CDOL2)  # Book 3, 7.2


class Records(msgspec.Struct, frozen=True):
    """`values` by tag; `signed` is what takes part in offline data authentication (Book 3, 10.3), in reading order.

    `is_signable` is false when one of those records is not in template 70: authentication then fails (10.3).
    """

    values: Mapping[int, bytes]
    signed: bytes = b""
    is_signable: bool = True

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"Records({len(self.values)} objects)"


async def read(link: Link, afl: tuple[AflEntry, ...], is_enough: Callable[[Mapping[int, bytes]], bool]) -> Records:
    """Until the AFL or the need ends. Raises CardFaulty, TlvError."""
    found: dict[int, bytes] = {}
    signed, is_signable = b"", True
    for line, record in ((entry, record) for entry in afl for record in range(entry.first, entry.last + 1)):
        response = await link.send(apdu.read_record(line.sfi, record))
        if response.sw != apdu.OK:
            raise CardFaulty(f"a record of the card cannot be read (status {response.sw:04X})")
        if record < line.first + line.authenticated:
            part = _signed(line.sfi, response.body)
            signed, is_signable = signed + (part or b""), is_signable and part is not None
        if line.sfi <= LAST_EMV_SFI:
            found = tlv.unique((*found.items(), *tlv.leaves(tlv.sole(response.body, tags.RECORD))))
        if is_enough(found):
            break
    return Records(found, signed, is_signable)


def require_mandatory(values: Mapping[int, bytes]) -> None:
    """Raises CardFaulty when a sale cannot go on with these records."""
    missing = [tags.hex_name(tag) for tag in MANDATORY if tag not in values]
    if missing:
        raise CardFaulty(f"the card lacks mandatory data ({', '.join(missing)})")


def _signed(sfi: int, record: bytes) -> bytes | None:
    """The value of template 70 for SFI 1 to 10, the whole record above (Book 3, 10.3); None: not in the template."""
    if sfi > LAST_EMV_SFI:
        return record if record[:1] == bytes((tags.RECORD,)) else None
    return tlv.sole(record, tags.RECORD)
