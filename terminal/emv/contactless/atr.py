"""Answer to reset that a PC/SC reader makes up for a contactless card. Law: PC/SC part 3, 3.1.3.2.3; T=1 by name only.

>>> check(bytes.fromhex("3B80800101")), check(bytes.fromhex("3B8180018080"))
(1, 1)
"""

from __future__ import annotations

from terminal.emv.errors import CardFaulty

START = 0x3B
FOLLOWS, HISTORICAL = 0xF0, 0x0F  # T0: TD1 comes, and so many historical bytes
INTERFACE = bytes((0x80, 0x01))  # TD1, TD2: T=0, then T=1
FRAME = 5  # TS, T0, TD1, TD2, TCK
CONTACTLESS = 1


def check(atr: bytes) -> int:
    """The protocol, which is always 1. Raises CardFaulty: the ATR of a contact card, or none at all."""
    is_whole = (
        len(atr) >= FRAME
        and atr[0] == START
        and atr[1] & FOLLOWS == INTERFACE[0]
        and atr[2:4] == INTERFACE
        and len(atr) == FRAME + (atr[1] & HISTORICAL)
    )
    tck = 0
    for byte in atr[1:]:
        tck ^= byte
    if not is_whole or tck:
        raise CardFaulty("the answer to reset is not one of a contactless card")
    return CONTACTLESS
