"""Entry Point: which applications a tapped card offers, and their kernels. Law: EMV Contactless Book B, 3.3.2.

There is no list of AIDs to try here: what the directory (PPSE) does not name is not on the card. Terminal
transaction qualifiers (Book A, 5.7; qPBOC's in JR/T 0025.12) say what a refund wants of every card alike: an online
cryptogram, so that no card takes its offline counters or an electronic cash balance for it, and no cardholder
verification.
"""

from __future__ import annotations

import msgspec

from terminal.emv import apdu, tags, tlv
from terminal.emv.errors import NotAccepted, UseContact
from terminal.emv.selection import Candidate, named
from terminal.emv.terminal_data import RID, Application
from terminal.emv.transport import Link

PPSE = b"2PAY.SYS.DDF01"  # Book B, 3.3.2.2
KERNEL_IDENTIFIER = 0x9F2A
PRIORITY = 0x0F  # tag 87
UNRANKED = PRIORITY + 1  # no priority is the lowest
DOMESTIC, SHORT_KERNEL = 0x80, 0x3F  # 9F2A byte 1, Book B, table 3-4

# 9F66, byte 1
QUICK = 0x20_00_00_00  # EMV mode: qVSDC, qPBOC
CONTACT_CHIP = 0x10_00_00_00
ONLINE_PIN = 0x04_00_00_00
SIGNATURE = 0x02_00_00_00
# byte 2
ONLINE_CRYPTOGRAM = 0x00_80_00_00  # required
# byte 3
CARDHOLDER_DEVICE = 0x00_00_40_00  # verification on the cardholder's device is understood; reserved in qPBOC
# byte 4
FDDA_01 = 0x00_00_00_80  # qPBOC: fDDA version 01 is understood; reserved elsewhere
COMMON = QUICK | CONTACT_CHIP | ONLINE_PIN | SIGNATURE | ONLINE_CRYPTOGRAM


class Kernel(msgspec.Struct, frozen=True):
    """`number` is EMVCo's, `qualifiers` 9F66 or 0 where the kernel has none."""

    number: int
    qualifiers: int = 0
    has_stripe_mode: bool = False  # the card may give mag-stripe mode data instead of EMV's

    @property
    def ttq(self) -> bytes:
        """Tag 9F66."""
        return self.qualifiers.to_bytes(4)


KERNELS = {  # by RID; numbers by Book B, table 3-6
    bytes.fromhex("A000000004"): Kernel(2, has_stripe_mode=True),
    bytes.fromhex("A000000003"): Kernel(3, COMMON | CARDHOLDER_DEVICE),
    bytes.fromhex("A000000333"): Kernel(7, COMMON | FDDA_01),
}


class Entry(msgspec.Struct, frozen=True):
    """One combination of application and kernel (Book B, 3.3.2.5)."""

    candidate: Candidate
    kernel: Kernel


async def entries(link: Link, known: tuple[Application, ...], wanted: bytes = b"") -> tuple[Entry, ...]:
    """Best first: `wanted`, then by the card's priority. Raises NotAccepted, UseContact, CardFaulty."""
    response = await link.send(apdu.select(PPSE))
    if response.sw != apdu.OK:
        raise UseContact(f"the card has no contactless directory (status {response.sw:04X})")
    candidates = [found for template in _templates(response.body) if (found := _candidate(template, known))]
    kept = [entry for candidate, kernel in candidates if (entry := _entry(candidate, kernel))]
    if not candidates:
        raise NotAccepted("no application of this card is known here")
    if not kept:
        raise UseContact("the card's applications are known here in the slot only")
    return tuple(sorted(kept, key=lambda entry: (entry.candidate.name != wanted, entry.candidate.priority or UNRANKED)))


def _templates(fci: bytes) -> list[bytes]:
    """The directory entries, 6F / A5 / BF0C / 61 (Book B, table 3-2)."""
    inside = tlv.sole(fci, tags.FCI)
    for tag in (tags.FCI_PROPRIETARY, tags.ISSUER_DISCRETIONARY):
        inside = tlv.unique(tlv.parse(inside)).get(tag, b"")
    return [value for tag, value in tlv.parse(inside) if tag == tags.APPLICATION_TEMPLATE]


def _candidate(template: bytes, known: tuple[Application, ...]) -> tuple[Candidate, int] | None:
    """With the kernel the card asks for: 0 is the scheme's own, -1 a domestic one (Book B, table 3-4)."""
    values = tlv.unique(tlv.parse(template))
    candidate = named(values.get(tags.AID_CARD, b""), known)
    if candidate is None:
        return None
    priority = (values.get(tags.PRIORITY) or b"\0")[0] & PRIORITY
    first = (values.get(KERNEL_IDENTIFIER) or b"\0")[0]
    kernel = -1 if first & DOMESTIC else first & SHORT_KERNEL
    return msgspec.structs.replace(candidate, priority=priority), kernel


def _entry(candidate: Candidate, asked: int) -> Entry | None:
    kernel = KERNELS.get(candidate.name[RID])
    return Entry(candidate, kernel) if kernel and asked in (0, kernel.number) else None
