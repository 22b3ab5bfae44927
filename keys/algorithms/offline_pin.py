"""A PIN on its way to the card: plain, or under the card's own key. Law: EMV 4.4 Book 2, 7 and Book 3, 6.5.12.

>>> plain("1234").hex().upper()
'241234FFFFFFFFFF'
"""

from __future__ import annotations

import os

from keys.algorithms.pin_block import PIN_DIGITS
from terminal.emv.oda.capk import PublicKey
from terminal.ports import KeyRefused

BLOCK, CHALLENGE = 8, 8  # bytes: ISO 9564-1 format 2; the card's unpredictable number
HEADER = b"\x7f"  # Book 2, 7.2, table 24
LEAST_MODULUS = 1 + BLOCK + CHALLENGE + 8


def plain(pin: str) -> bytes:
    """VERIFY's data with P2 80. Raises KeyRefused, which does not show it."""
    if not (pin.isascii() and pin.isdecimal() and len(pin) in PIN_DIGITS):
        raise KeyRefused("a PIN is 4 to 12 digits")
    return bytes.fromhex(f"2{len(pin):X}{pin}".ljust(2 * BLOCK, "F"))


def enciphered(pin: str, key: PublicKey, challenge: bytes) -> bytes:
    """VERIFY's data with P2 88: as long as the key. Raises KeyRefused."""
    size = len(key.modulus)
    if len(challenge) != CHALLENGE or size < LEAST_MODULUS:
        raise KeyRefused("the card gives no challenge or no key for a PIN")
    clear = HEADER + plain(pin) + challenge
    padded = clear + os.urandom(size - len(clear))
    return pow(int.from_bytes(padded), key.exponent, int.from_bytes(key.modulus)).to_bytes(size)
