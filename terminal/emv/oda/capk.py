"""The schemes' public keys (CAPK) and the revoked certificates. Law: EMV 4.4 Book 2, 5.1.2, 5.2 and 11.2.

A key is taken from the acquirer only with its check sum, and none is found after its expiry date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha1

import msgspec

from terminal.emv import tags, tlv
from terminal.emv.errors import CardFaulty

LONGEST_MODULUS = 248  # bytes: Book 2, annex B2.1
EXPONENTS = (3, 0x010001)  # Book 2, annex B2.1
SHA_1 = RSA = b"\x01"  # Book 2, annex B2.2 and B3: the indicators of the only algorithms
RID_LENGTH, INDEX_LENGTH, SERIAL_LENGTH = 5, 1, 3
DATE_DIGITS = 8

MODULUS, CHECK_SUM, EXPONENT = 0xDF02, 0xDF03, 0xDF04  # cup.md 2.13, and the three below
EXPIRY, HASH_ALGORITHM, ALGORITHM = 0xDF05, 0xDF06, 0xDF07
NEEDED = (tags.AID_TERMINAL, tags.CAPK_INDEX_TERMINAL, HASH_ALGORITHM, ALGORITHM, MODULUS, EXPONENT, CHECK_SUM)


class CapkRefused(Exception):
    """A downloaded key that is not whole, not for us, or not what its check sum says."""


class PublicKey(msgspec.Struct, frozen=True):
    """RSA. `modulus` as long as what it signs. Raises ValueError for a key that EMV does not know (annex B2.1)."""

    modulus: bytes
    exponent: int

    def __post_init__(self) -> None:
        is_odd = bool(self.modulus) and bool(self.modulus[-1] & 1)
        if not is_odd or self.modulus[0] == 0 or len(self.modulus) > LONGEST_MODULUS or self.exponent not in EXPONENTS:
            raise ValueError("a public key that EMV does not know")

    def __repr__(self) -> str:
        """Its size: the digits help nobody who reads them."""
        return f"PublicKey({self.bits} bits)"

    @property
    def bits(self) -> int:
        """The length of the modulus."""
        return 8 * len(self.modulus)


class Capk(msgspec.Struct, frozen=True):
    """A certification authority public key. `expiry` is YYYYMMDD, its last day, "" when it has none."""

    rid: bytes
    index: int
    key: PublicKey
    expiry: str


class KeyRing(msgspec.Struct, frozen=True):
    """What the terminal trusts, by RID and index, and the certificates that the schemes took back (Book 2, 5.1.2)."""

    capks: Mapping[tuple[bytes, int], Capk] = {}
    revoked: frozenset[tuple[bytes, int, bytes]] = frozenset()  # RID, index, 3 bytes of certificate serial number

    def find(self, rid: bytes, index: int, today: str) -> Capk | None:
        """Book 2, 5.2. `today` YYYYMMDD: an expired key is none."""
        capk = self.capks.get((rid, index))
        return None if capk is None or (capk.expiry and capk.expiry < today) else capk

    def is_revoked(self, capk: Capk, serial: bytes) -> bool:
        """Whether an issuer certificate under this key is on the list (Book 2, 5.3, step 10)."""
        return (capk.rid, capk.index, serial) in self.revoked


def of_download(item: bytes) -> Capk:
    """One key of 0800/370 (cup.md 2.13), TLV without the leading '31'. Raises CapkRefused.

    The check sum is SHA-1 over RID, index, modulus and exponent. DF05 is 8 digits in 4 bytes, or 8 characters.
    """
    try:
        values = tlv.unique(tlv.parse(item))
    except CardFaulty as wrong:
        raise CapkRefused(f"not a key: {wrong}") from None
    missing = [tags.hex_name(tag) for tag in NEEDED if not values.get(tag)]
    if missing:
        raise CapkRefused(f"a key lacks {', '.join(missing)}")
    rid, index, hashed_by, algorithm, modulus, exponent, check_sum = (values[tag] for tag in NEEDED)
    if (len(rid), len(index)) != (RID_LENGTH, INDEX_LENGTH):
        raise CapkRefused("a key without a proper name")
    if (hashed_by, algorithm) != (SHA_1, RSA):
        raise CapkRefused("a key of an unknown algorithm")
    if sha1(rid + index + modulus + exponent, usedforsecurity=False).digest() != check_sum:
        raise CapkRefused("a key whose check sum is wrong")
    return Capk(rid, index[0], _key(modulus, exponent), _date(values.get(EXPIRY, b"")))


def ring(items: Iterable[bytes], revoked: Iterable[tuple[bytes, int, bytes]] = ()) -> KeyRing:
    """Of downloaded keys; of two with one name the later stands. Raises CapkRefused."""
    capks = [of_download(item) for item in items]
    return KeyRing({(capk.rid, capk.index): capk for capk in capks}, frozenset(revoked))


def _key(modulus: bytes, exponent: bytes) -> PublicKey:
    try:
        return PublicKey(modulus, int.from_bytes(exponent))
    except ValueError as wrong:
        raise CapkRefused(str(wrong)) from None


def _date(expiry: bytes) -> str:
    digits = expiry.decode("latin-1") if len(expiry) == DATE_DIGITS else expiry.hex()
    if digits and not (len(digits) == DATE_DIGITS and digits.isascii() and digits.isdecimal()):
        raise CapkRefused("a key whose expiry is no date")
    return digits
