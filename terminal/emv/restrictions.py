"""Processing restrictions. Law: EMV 4.4 Book 3, 10.4: they stop nothing, they set bits that others judge."""

from __future__ import annotations

from collections.abc import Mapping

from terminal.emv import tags
from terminal.emv.errors import CardFaulty
from terminal.emv.verification import Tvr

NOT_ATM = 0x01  # AUC byte 1, annex C2: valid at terminals other than ATMs
DOMESTIC, INTERNATIONAL = 0x20 | 0x08, 0x10 | 0x04  # goods or services
CENTURY_TURN = "50"  # Book 4, 6.7.3: YY from 50 on is 19YY
DATE_DIGITS = 6


def restrict(card: Mapping[int, bytes], terminal: Mapping[int, bytes]) -> Tvr:
    """Version (10.4.1), usage (10.4.2) and dates (10.4.3) of a purchase. Raises CardFaulty."""
    found = Tvr(0)
    if tags.AVN_CARD in card and card[tags.AVN_CARD] != terminal[tags.AVN_TERMINAL]:
        found |= Tvr.DIFFERENT_VERSIONS
    if not _is_usable(card, terminal[tags.COUNTRY]):
        found |= Tvr.SERVICE_NOT_ALLOWED
    today = _full_date(terminal[tags.DATE])
    if tags.EFFECTIVE in card and _full_date(card[tags.EFFECTIVE]) > today:
        found |= Tvr.NOT_YET_EFFECTIVE
    if _full_date(card[tags.EXPIRY]) < today:
        found |= Tvr.EXPIRED
    return found


def _is_usable(card: Mapping[int, bytes], country: bytes) -> bool:
    usage = card.get(tags.AUC, b"")
    if not usage:
        return True
    if not usage[0] & NOT_ATM:
        return False
    if tags.ISSUER_COUNTRY not in card:
        return True
    return bool(usage[0] & (DOMESTIC if card[tags.ISSUER_COUNTRY] == country else INTERNATIONAL))


def _full_date(yymmdd: bytes) -> str:
    digits = yymmdd.hex()
    if len(digits) != DATE_DIGITS or not digits.isdecimal():
        raise CardFaulty("a date of the card is not one")
    return ("19" if digits >= CENTURY_TURN else "20") + digits
