"""Public key certificates of a card. Law: EMV 4.4 Book 2, 5.3 (issuer), 6.4 (card), 7.1 (PIN): one frame, one reader.

| field                        | issuer | card, PIN |
|------------------------------|--------|-----------|
| format                       | 02     | 04        |
| issuer identifier, or PAN    | 4      | 10        |
| expiry, MMYY                 | 2      | 2         |
| serial number                | 3      | 3         |
| hash algorithm               | 1      | 1         |
| key algorithm                | 1      | 1         |
| length of the modulus        | 1      | 1         |
| length of the exponent       | 1      | 1         |
| as much of the modulus as fits, filled with BB | N-36 | N-42 |
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from terminal.emv import tags
from terminal.emv.oda.capk import RSA, SERIAL_LENGTH, Capk, KeyRing, PublicKey
from terminal.emv.oda.recovery import Check, Frame, Unproven, recover, require
from terminal.emv.restrictions import CENTURY_TURN

EXPIRY_LENGTH = 2
KEY_FIELDS = 4  # hash algorithm, key algorithm, lengths of modulus and exponent
IDENTIFIER_DIGITS = range(3, 9)  # Book 2, 5.3, step 8
MONTHS = range(1, 13)
PADDING = "F"  # of identifier and PAN, in hex


class Kind(msgspec.Struct, frozen=True):
    """What tells one certificate from another: its frame, and the tags by which the card gives it."""

    frame: Frame
    certificate: int
    exponent: int
    remainder: int


def _frame(form: int, owner_length: int) -> Frame:
    at = 1 + owner_length + EXPIRY_LENGTH + SERIAL_LENGTH
    return Frame(form, at, at + KEY_FIELDS)


OF_ISSUER, OF_CARD = _frame(0x02, 4), _frame(0x04, 10)
ISSUER = Kind(OF_ISSUER, tags.ISSUER_CERTIFICATE, tags.ISSUER_EXPONENT, tags.ISSUER_REMAINDER)  # Book 2, table 6
CARD = Kind(OF_CARD, tags.ICC_CERTIFICATE, tags.ICC_EXPONENT, tags.ICC_REMAINDER)  # Book 2, table 14
PIN = Kind(OF_CARD, tags.PIN_CERTIFICATE, tags.PIN_EXPONENT, tags.PIN_REMAINDER)  # Book 2, table 25


class Certificate(msgspec.Struct, frozen=True):
    """Its signature is right; whether it is this card's and still valid, the functions below say."""

    key: PublicKey
    owner: str  # digits without their padding: card data
    expiry: str  # MMYY
    serial: bytes

    def __repr__(self) -> str:
        """Never whose it is."""
        return f"Certificate({self.key!r}, expiry={self.expiry!r}, serial={self.serial.hex()!r})"


def opened(kind: Kind, values: Mapping[int, bytes], signer: PublicKey, beyond: bytes = b"") -> Certificate:
    """Recovered, its hash compared, its key put together: steps 1 to 7, 11 and 12 of Book 2, 5.3. Raises Unproven.

    `beyond` is what the card's own certificate signs besides its key (6.4, step 5).
    """
    require(kind.certificate in values and kind.exponent in values, Check.DATA_MISSING)
    exponent, remainder = values[kind.exponent], values.get(kind.remainder, b"")
    recovered = recover(signer, values[kind.certificate], kind.frame)
    fields, at = recovered.fields, kind.frame.hash_algorithm_at
    algorithm, modulus_length, exponent_length = fields[at + 1 : at + KEY_FIELDS]
    digits = fields[at + KEY_FIELDS :]
    require(kind.remainder in values or modulus_length <= len(digits), Check.DATA_MISSING)
    recovered.require_hash(remainder + exponent + beyond)
    require(algorithm == RSA[0], Check.ALGORITHM)
    require(exponent_length == len(exponent), Check.EXPONENT)
    return Certificate(
        key=_key(_modulus(digits, remainder, modulus_length), exponent),
        owner=fields[1 : at - EXPIRY_LENGTH - SERIAL_LENGTH].hex().upper().rstrip(PADDING),
        expiry=fields[at - EXPIRY_LENGTH - SERIAL_LENGTH : at - SERIAL_LENGTH].hex(),
        serial=fields[at - SERIAL_LENGTH : at],
    )


def require_issuer(certificate: Certificate, capk: Capk, keys: KeyRing, pan: str, today: str) -> None:
    """Steps 8 to 10 of Book 2, 5.3. Raises Unproven."""
    owner = certificate.owner
    is_of_pan = owner.isdecimal() and len(owner) in IDENTIFIER_DIGITS and pan.startswith(owner)
    require(is_of_pan, Check.ISSUER)
    _require_current(certificate, today)
    require(not keys.is_revoked(capk, certificate.serial), Check.REVOKED)


def require_card(certificate: Certificate, pan: str, today: str) -> None:
    """Steps 8 and 9 of Book 2, 6.4, and the same of 7.1. Raises Unproven."""
    require(bool(pan) and certificate.owner == pan, Check.PAN)
    _require_current(certificate, today)


def _require_current(certificate: Certificate, today: str) -> None:
    """The last day of the month is today or later (Book 2, 5.3, step 9)."""
    month, year = certificate.expiry[:2], certificate.expiry[2:]
    require(certificate.expiry.isdecimal() and int(month) in MONTHS, Check.EXPIRY)
    century = "19" if year >= CENTURY_TURN else "20"
    require(century + year + month >= today[:6], Check.EXPIRY)


def _modulus(digits: bytes, remainder: bytes, size: int) -> bytes:
    """Step 12. A remainder that is not needed is signed all the same and left out (Book 3, 7.2)."""
    if size <= len(digits):
        return digits[:size]
    require(len(digits) + len(remainder) == size, Check.REMAINDER)
    return digits + remainder


def _key(modulus: bytes, exponent: bytes) -> PublicKey:
    try:
        return PublicKey(modulus, int.from_bytes(exponent))
    except ValueError:
        raise Unproven(Check.KEY) from None
