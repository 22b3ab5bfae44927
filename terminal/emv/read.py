"""Read application data. Law: EMV 4.4 Book 3, 10.2: every record the AFL names, in its order, each object once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from terminal.emv import apdu, tags, tlv
from terminal.emv.errors import CardFaulty
from terminal.emv.initiate import AflEntry
from terminal.emv.transport import Link

LAST_EMV_SFI = 10  # Book 3, 5.3: above it, records are the issuer's own
MANDATORY = (tags.EXPIRY, tags.PAN, tags.CDOL1, tags.CDOL2)  # Book 3, 7.2


async def read(
    link: Link, afl: tuple[AflEntry, ...], is_enough: Callable[[Mapping[int, bytes]], bool]
) -> dict[int, bytes]:
    """By tag, until the AFL or the need ends. Raises CardFaulty, TlvError."""
    found: dict[int, bytes] = {}
    for sfi, record in ((line.sfi, record) for line in afl for record in range(line.first, line.last + 1)):
        response = await link.send(apdu.read_record(sfi, record))
        if response.sw != apdu.OK:
            raise CardFaulty(f"a record of the card cannot be read (status {response.sw:04X})")
        if sfi <= LAST_EMV_SFI:
            found = tlv.unique((*found.items(), *tlv.leaves(tlv.sole(response.body, tags.RECORD))))
        if is_enough(found):
            break
    return found


def require_mandatory(values: Mapping[int, bytes]) -> None:
    """Raises CardFaulty when a sale cannot go on with these records."""
    missing = [tags.hex_name(tag) for tag in MANDATORY if tag not in values]
    if missing:
        raise CardFaulty(f"the card lacks mandatory data ({', '.join(missing)})")
