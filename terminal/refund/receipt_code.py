"""What a receipt says to a scanner, and what else a cashier may scan or type to name a sale. Law: made and read here.

| code                                                  | names                                                    |
|-------------------------------------------------------|----------------------------------------------------------|
| yuanlu:<terminal>:<YYYY-MM-DD>:<RRN>:<shop mark>       | a receipt, its QR (refund.md 5)                          |
| yuanlu:<terminal>:<YYYY-MM-DD>:<RRN>                   | the same, of papers printed before there was a mark      |
| the same with <batch>-<F11> where there is no RRN      | a receipt of this terminal                               |
| <batch>-<F11>, twelve digits                          | the short code under it: an exchange of this terminal    |
| twelve letters and digits                             | an RRN (F37), wherever it was printed                    |

No run of digits in it is as long as a card number, so that a scanner that keeps card numbers to itself lets it through.

>>> text("10000001", "898310000000001", "2026-11-23", "091947145060", "000001-000123")
'yuanlu:10000001:2026-11-23:091947145060:f8582d'
>>> read(_)
OfReceipt(terminal_id='10000001', day='2026-11-23', rrn='091947145060', exchange_id='', shop='f8582d')
>>> read("000001-000123"), read("091947145060"), read("https://example.test/")
(OfExchange(id='000001-000123'), OfRrn(rrn='091947145060'), None)
"""

from __future__ import annotations

import hashlib
import re
from datetime import date

import msgspec

PREFIX = "yuanlu"
MARK = 6  # hex digits: enough to tell a neighbour's paper, and nothing anybody must trust
SHORT = re.compile(r"([0-9]{6})-?([0-9]{6})")
RRN = re.compile(r"[0-9A-Za-z]{12}")  # F37, AN12
QR = re.compile(
    r"yuanlu:([0-9A-Za-z]{1,8}):([0-9]{4}-[0-9]{2}-[0-9]{2}):(?:([0-9A-Za-z]{12})|([0-9]{6}-[0-9]{6}))(?::([0-9a-f]{6}))?",
    re.IGNORECASE | re.ASCII,  # or a Kelvin sign is a K
)


class OfReceipt(msgspec.Struct, frozen=True):
    """A receipt's QR. `day` is YYYY-MM-DD of its terminal's clock; `rrn` or `exchange_id` is "", and `shop` on an
    old paper."""

    terminal_id: str
    day: str
    rrn: str
    exchange_id: str = ""
    shop: str = ""


class OfExchange(msgspec.Struct, frozen=True):
    """A short code."""

    id: str


class OfRrn(msgspec.Struct, frozen=True):
    """An RRN alone. Twelve digits may be a short code without its dash too."""

    rrn: str


def text(terminal_id: str, merchant_id: str, day: str, rrn: str, exchange_id: str) -> str:
    """What stands in the QR of a receipt; `day` is YYYY-MM-DD."""
    return f"{PREFIX}:{terminal_id}:{day}:{rrn or exchange_id}:{shop_mark(merchant_id)}"


def shop_mark(merchant_id: str) -> str:
    """The merchant (F42) without its fifteen digits."""
    return hashlib.sha256(merchant_id.encode()).hexdigest()[:MARK]


def read(scanned: str) -> OfReceipt | OfExchange | OfRrn | None:
    """What was scanned; None: it is nothing that names a sale."""
    scanned = scanned.strip(" \r\n\t")
    if found := QR.fullmatch(scanned):
        terminal_id, day, rrn, exchange_id, shop = found.groups("")
        return OfReceipt(terminal_id, day, rrn, exchange_id, shop.lower()) if _is_day(day) else None
    if RRN.fullmatch(scanned):
        return OfRrn(scanned)
    return short(scanned)


def short(typed: str) -> OfExchange | None:
    """A short code, typed without its dash or scanned with it."""
    found = SHORT.fullmatch(typed)
    return OfExchange(f"{found[1]}-{found[2]}") if found else None


def _is_day(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True
