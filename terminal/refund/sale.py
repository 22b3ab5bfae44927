"""The sale that money is given back of, wherever it was made. Law: what is not known of it is not made up.

| origin    | known by                       | card                           |
|-----------|--------------------------------|--------------------------------|
| here      | this terminal's journal        | proven by its fingerprint      |
| elsewhere | what was typed from a receipt  | the acquirer's to prove        |
| naked     | nothing                        | none to compare                |
"""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum

import msgspec

from terminal.exchange.request import CardOnFile, Original
from terminal.exchange.stages import Accepted
from terminal.iso8583.kinds import Kind
from terminal.money import Money

SOLD = (Kind.SALE, Kind.COMPLETION, Kind.COMPLETION_NOTICE)  # what is given back by a refund
ELSEWHERE = "elsewhere"  # how the id of a sale of another terminal begins
TYPED = "M"  # CardOnFile.entry of a number typed by hand


class Origin(Enum):
    """Who knows the sale."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    NAKED = "naked"


class Sale(msgspec.Struct, frozen=True):
    """`at` is ISO 8601 with zone, a day of another terminal's is its midnight; `card` None: not known here."""

    original: Original
    at: str
    kind: Kind = Kind.SALE
    card: CardOnFile | None = None
    operator: str = ""
    origin: Origin = Origin.HERE

    @property
    def id(self) -> str:
        """What stands in `original_id` of all that gives it back."""
        return self.original.exchange_id

    @property
    def amount(self) -> Money:
        return self.original.amount

    @property
    def day(self) -> date:
        """In the terminal's zone."""
        return date.fromisoformat(self.at[:10])

    def age(self, now: datetime) -> int:
        """In calendar days; below 0 when the clock was set back."""
        return (now.date() - self.day).days


def original_of(stage: Accepted) -> Original:
    """What a void, refund or completion says of the message before it."""
    request, reply = stage.request, stage.reply
    return Original(
        request.id,
        request.stan,
        request.batch,
        reply.rrn,
        reply.approval_code,
        reply.date or request.at[5:7] + request.at[8:10],
        stage.amount,
    )


def sold_here(stage: Accepted) -> Sale:
    """One of this terminal's own."""
    request = stage.request
    return Sale(original_of(stage), request.at, request.kind, request.card, request.operator)


def elsewhere_prefix(rrn: str) -> str:
    """How the ids of another terminal's sales of this RRN begin: one sale, in whatever letters it was scanned."""
    return f"{ELSEWHERE}-{rrn.upper()}-"


def sold_elsewhere(rrn: str, day: date, amount: Money, zone: str) -> Sale:
    """Another terminal's, as its receipt says. `zone` is the offset that the terminal's times end with ("+08:00").

    Batch and voucher are 000000 for not known (cup.md 2.3: F61.1, F61.2).
    """
    id = f"{elsewhere_prefix(rrn)}{day.isoformat()}"
    original = Original(id, "000000", "000000", rrn, "", f"{day:%m%d}", amount)
    return Sale(original, f"{day.isoformat()}T00:00:00{zone}", origin=Origin.ELSEWHERE)
