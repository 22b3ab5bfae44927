"""F48 and F62 of a settlement as values (cup.md 2.11). Law: sums are whole; what comes back is read or refused.

>>> Totals(debit=8800, debits=1, credit=3000, credits=1).text()
'00000000880000100000000300000100000000000000000000000000000000'
>>> verdict('00000000880000100000000300000110000000000000000000000000000001')
(1, 1)
"""

from __future__ import annotations

import msgspec

from terminal.iso8583.message import WireError

SIDE_SIZE = 31  # digits: amount 12, count 3, amount 12, count 3, verdict 1
BALANCED, NOT_BALANCED, WRONG = 1, 2, 3
MOST_DETAILS = 8  # in one message
DETAIL_SIZE = 40
MOST_COUNT = 999


class Totals(msgspec.Struct, frozen=True):
    """Of one batch, minor units and counts; cards of other organisations (外卡) have sums of their own."""

    debit: int = 0
    debits: int = 0
    credit: int = 0
    credits: int = 0
    foreign_debit: int = 0
    foreign_debits: int = 0
    foreign_credit: int = 0
    foreign_credits: int = 0
    currency: str = "156"

    def text(self, mine: int = 0, foreign: int = 0) -> str:
        """F48, 62 digits; a request's verdicts are 0. Raises WireError when a batch is larger than the form."""
        if max(self.debits, self.credits, self.foreign_debits, self.foreign_credits) > MOST_COUNT:
            raise WireError(f"more than {MOST_COUNT} of a kind in one batch", 48)
        return (
            f"{self.debit:012d}{self.debits:03d}{self.credit:012d}{self.credits:03d}{mine}"
            f"{self.foreign_debit:012d}{self.foreign_debits:03d}{self.foreign_credit:012d}{self.foreign_credits:03d}{foreign}"
        )


class Detail(msgspec.Struct, frozen=True):
    """One approved stripe transaction for the upload; `is_foreign` is 卡类别 01."""

    stan: str
    pan: str
    amount: int
    is_foreign: bool = False

    def __repr__(self) -> str:
        """Never the card number."""
        return f"Detail({self.stan}, {self.amount})"


def totals(text: str) -> Totals:
    """F48 of a 0500 or 0510. Raises WireError."""
    _whole(text)
    one, two = text[:SIDE_SIZE], text[SIDE_SIZE:]
    return Totals(*_side(one), *_side(two))


def verdict(text: str) -> tuple[int, int]:
    """1 balanced, 2 not, 3 wrong, for home and foreign cards. Raises WireError."""
    _whole(text)
    mine, foreign = int(text[SIDE_SIZE - 1]), int(text[-1])
    for code in (mine, foreign):
        if code not in (BALANCED, NOT_BALANCED, WRONG):
            raise WireError("a verdict that is none of 1, 2, 3", 48)
    return mine, foreign


def details_text(rows: tuple[Detail, ...]) -> str:
    """F48 of a 0320/201: the count and rows of 40 digits."""
    if not 1 <= len(rows) <= MOST_DETAILS:
        raise WireError(f"{len(rows)} details in one message, not 1 to {MOST_DETAILS}", 48)
    return f"{len(rows):02d}" + "".join(
        f"{int(row.is_foreign):02d}{row.stan}{row.pan:0>20}{row.amount:012d}" for row in rows
    )


def details(text: str) -> tuple[Detail, ...]:
    """The inverse of details_text. Raises WireError. A PAN loses leading zeros, which no PAN has."""
    _digits(text)
    count = int(text[:2] or "0")
    if len(text) != 2 + count * DETAIL_SIZE or not 1 <= count <= MOST_DETAILS:
        raise WireError(f"{count} details do not fill {len(text)} digits", 48)
    rows = [text[start : start + DETAIL_SIZE] for start in range(2, len(text), DETAIL_SIZE)]
    return tuple(Detail(row[2:8], row[8:28].lstrip("0"), int(row[28:]), row[:2] == "01") for row in rows)


def certificate_text(amount: str, currency: str) -> str:
    """F62 of a TC: usage 61, card class 00 (home), 00, amount, currency (cup.md 2.11, order 6)."""
    return f"610000{amount}{currency}"


def against_issuer_text(amount: str, currency: str) -> str:
    """F62 of a TC against a wrong ARPC: usage 72, as the TC's, then 8A: 23 characters (cup.md 2.11, order 7 and 8; the
    usage and the last two are second-hand)."""
    return f"720000{amount}{currency}00"


def _whole(text: str) -> None:
    _digits(text)
    if len(text) != 2 * SIDE_SIZE:
        raise WireError(f"totals of {len(text)} digits, not {2 * SIDE_SIZE}", 48)


def _digits(text: str) -> None:
    if text and not (text.isascii() and text.isdigit()):
        raise WireError("a character that its form does not allow", 48)


def _side(text: str) -> tuple[int, int, int, int]:
    return int(text[:12]), int(text[12:15]), int(text[15:27]), int(text[27:30])
