"""The account a card stands for. Law: PAN and track 2 never show in a repr; 57 and 5A must say the same."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from terminal.emv import tags
from terminal.emv.errors import CardFaulty
from terminal.emv.selection import Selected

SCHEMES = {  # by RID, ISO/IEC 7816-5
    "A000000333": "unionpay",
    "A000000003": "visa",
    "A000000004": "mastercard",
    "A000000065": "jcb",
    "A000000025": "amex",
    "A000000152": "discover",
}
RID_DIGITS = 10
PAN_LENGTH = range(8, 20)  # ISO/IEC 7812-1; Book 3, annex A: cn to 19 digits
EXPIRY_DIGITS, SERVICE_CODE_DIGITS = 4, 3
MONTHS = range(1, 13)
LONGEST_TRACK2 = 37  # Book 3, annex A: tag 57, up to 19 bytes; ISO/IEC 7813


class Account(msgspec.Struct, frozen=True):
    """What a refund needs of a chip. `psn` is '' or three digits, `expiry` YYMM, `track2` ASCII with '=' or ''."""

    pan: str
    psn: str
    expiry: str
    track2: str
    aid: str
    label: str
    scheme: str  # by RID; '' when it is not in the table

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"Account(aid={self.aid!r}, label={self.label!r}, scheme={self.scheme!r})"


def has_account(values: Mapping[int, bytes]) -> bool:
    """Whether nothing more need be read for a refund: both forms of the account, and the sequence number."""
    return all(tag in values for tag in (tags.TRACK2, tags.PAN, tags.EXPIRY, tags.PSN))


def account(selected: Selected, values: Mapping[int, bytes]) -> Account:
    """From records 57, 5A, 5F24 and 5F34. Raises CardFaulty."""
    track2 = _track2(values[tags.TRACK2]) if tags.TRACK2 in values else ""
    pan = _pan(values[tags.PAN]) if tags.PAN in values else ""
    of_track, _, rest = track2.partition("=")
    if pan and track2 and pan != of_track:
        raise CardFaulty("track 2 and the account number of the chip differ")
    expiry = _digits(values[tags.EXPIRY])[:EXPIRY_DIGITS] if tags.EXPIRY in values else rest[:EXPIRY_DIGITS]
    if not (pan or track2) or len(expiry) != EXPIRY_DIGITS or int(expiry[2:]) not in MONTHS:
        raise CardFaulty("the card has no account number or no expiry date")
    return Account(
        pan=pan or of_track,
        psn=_digits(values[tags.PSN]).zfill(3)[-3:] if values.get(tags.PSN) else "",
        expiry=expiry,
        track2=track2,
        aid=selected.aid,
        label=selected.label,
        scheme=SCHEMES.get(selected.aid[:RID_DIGITS], ""),
    )


def _track2(value: bytes) -> str:
    """Tag 57: nibbles, D for the separator, one F to fill the last byte (Book 3, annex A)."""
    text = value.hex().upper().removesuffix("F")
    pan, separator, rest = text.partition("D")
    is_whole = separator and pan.isdecimal() and rest.isdecimal() and len(pan) in PAN_LENGTH
    if len(text) > LONGEST_TRACK2:
        raise CardFaulty("track 2 of the chip is too long")
    if not is_whole or len(rest) < EXPIRY_DIGITS + SERVICE_CODE_DIGITS:
        raise CardFaulty("track 2 of the chip is not readable")
    return f"{pan}={rest}"


def _pan(value: bytes) -> str:
    pan = value.hex().upper().rstrip("F")
    if not pan.isdecimal() or len(pan) not in PAN_LENGTH:
        raise CardFaulty("the account number of the chip is not readable")
    return pan


def _digits(value: bytes) -> str:
    digits = value.hex()
    if not digits.isdecimal():
        raise CardFaulty("a number of the chip is not one")
    return digits
