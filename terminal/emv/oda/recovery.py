"""What an RSA signature holds. Law: EMV 4.4 Book 2, annex A2.1 and B2: recover, look at the frame, compare the hash.

Every certificate and every signed data of a card is the same thing: 6A, a format, fields, 20 bytes of SHA-1 over the
fields and over what could not be held, BC. A Frame is what differs.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha1
from hmac import compare_digest

import msgspec

from terminal.emv.oda.capk import SHA_1, PublicKey

HEADER, TRAILER = 0x6A, 0xBC
HASH_LENGTH = 20
AROUND = 1 + HASH_LENGTH + 1  # header, hash, trailer


class Check(StrEnum):
    """What can fail, in a word, for those who look into a card."""

    DATA_MISSING = "data missing"  # Book 3, 7.2
    CAPK = "unknown or expired key of the scheme"
    SIGNER = "the certificate above"
    KEY = "modulus or exponent"
    LENGTH = "length"
    TRAILER = "trailer"
    HEADER = "header"
    FORMAT = "format"
    HASH_ALGORITHM = "hash algorithm"
    HASH = "hash"
    ISSUER = "issuer identifier"
    PAN = "account number"
    EXPIRY = "expiry"
    REVOKED = "revoked"
    ALGORITHM = "key algorithm"
    EXPONENT = "exponent length"
    REMAINDER = "remainder length"
    TAG_LIST = "list of signed tags"
    RECORDS = "signed records"
    DDOL = "list of dynamic data"
    RESPONSE = "response"
    DYNAMIC_DATA = "dynamic data"
    CID = "kind of cryptogram"
    TRANSACTION = "transaction hash"


class Unproven(Exception):
    """A check failed. It never leaves authentication: there it becomes a bit of the TVR, or a word of a report."""

    def __init__(self, check: Check) -> None:
        super().__init__(check.value)
        self.check = check


class Frame(msgspec.Struct, frozen=True):
    """Places are counted from the format on."""

    form: int
    hash_algorithm_at: int
    fixed: int  # bytes that are always there, format included


class Recovered(msgspec.Struct, frozen=True):
    """`fields` go from the format to what stands before the hash."""

    fields: bytes
    hash: bytes

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"Recovered({len(self.fields)} bytes)"

    def require_hash(self, beyond: bytes) -> None:
        """Steps 5 to 7 of Book 2, 5.3: `beyond` is what the hash covers besides the fields. Raises Unproven."""
        require(compare_digest(hash_of(self.fields + beyond), self.hash), Check.HASH)


def require(is_right: bool, check: Check) -> None:
    """Raises Unproven."""
    if not is_right:
        raise Unproven(check)


def recover(key: PublicKey, signed: bytes, frame: Frame) -> Recovered:
    """Steps 1 to 4 of Book 2, 5.3, 5.4, 6.4 and 6.5.2. Raises Unproven."""
    size = len(key.modulus)
    require(len(signed) == size >= AROUND + frame.fixed, Check.LENGTH)
    plain = pow(int.from_bytes(signed), key.exponent, int.from_bytes(key.modulus)).to_bytes(size)
    fields, hash = plain[1 : -HASH_LENGTH - 1], plain[-HASH_LENGTH - 1 : -1]
    require(plain[-1] == TRAILER, Check.TRAILER)
    require(plain[0] == HEADER, Check.HEADER)
    require(fields[0] == frame.form, Check.FORMAT)
    at = frame.hash_algorithm_at
    require(fields[at : at + 1] == SHA_1, Check.HASH_ALGORITHM)
    return Recovered(fields, hash)


def hash_of(covered: bytes) -> bytes:
    """20 bytes: SHA-1 is the only hash of the Books (Book 2, annex B3)."""
    return sha1(covered, usedforsecurity=False).digest()
