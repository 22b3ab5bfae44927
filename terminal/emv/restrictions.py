"""Processing restrictions. Law: EMV 4.4 Book 3, 10.4: they stop nothing, they set bits that others judge."""

from __future__ import annotations

from collections.abc import Mapping

from terminal.emv import tags
from terminal.emv.errors import CardFaulty
from terminal.emv.verification import Auc, Tvr

DOMESTIC, ABROAD = Auc.DOMESTIC_GOODS | Auc.DOMESTIC_SERVICES, Auc.INTERNATIONAL_GOODS | Auc.INTERNATIONAL_SERVICES
CENTURY_TURN = "50"  # Book 4, 6.7.3: YY from 50 on is 19YY
DATE_DIGITS = 6


def restrict(card: Mapping[int, bytes], terminal: Mapping[int, bytes]) -> Tvr:
    """Version (10.4.1), usage (10.4.2) and dates (10.4.3) of a purchase. Raises CardFaulty."""
    found = Tvr(0)
    if tags.AVN_CARD in card and card[tags.AVN_CARD] != terminal[tags.AVN_TERMINAL]:
        found |= Tvr.DIFFERENT_VERSIONS
    if not _is_usable(card, terminal[tags.COUNTRY]):
        found |= Tvr.SERVICE_NOT_ALLOWED
    today = full_date(terminal[tags.DATE])
    if tags.EFFECTIVE in card and full_date(card[tags.EFFECTIVE]) > today:
        found |= Tvr.NOT_YET_EFFECTIVE
    if tags.EXPIRY in card and full_date(card[tags.EXPIRY]) < today:
        found |= Tvr.EXPIRED
    return found


def full_date(yymmdd: bytes) -> str:
    """YYYYMMDD with the century of Book 4, 6.7.3. Raises CardFaulty.

    >>> full_date(bytes.fromhex("491231")), full_date(bytes.fromhex("500101"))
    ('20491231', '19500101')
    """
    digits = yymmdd.hex()
    if len(digits) != DATE_DIGITS or not digits.isdecimal():
        raise CardFaulty("a date of the card is not one")
    return ("19" if digits >= CENTURY_TURN else "20") + digits


def _is_usable(card: Mapping[int, bytes], country: bytes) -> bool:
    if not card.get(tags.AUC):
        return True
    usage = Auc.from_bytes(card[tags.AUC])
    if Auc.AT_OTHER_TERMINALS not in usage:
        return False
    if tags.ISSUER_COUNTRY not in card:
        return True
    return bool(usage & (DOMESTIC if card[tags.ISSUER_COUNTRY] == country else ABROAD))
