"""When the cardholder has it: working days by card kind, over weekends and holidays. Law: a span, never a promise.

| card kind | known by                                     |
|-----------|----------------------------------------------|
| debit     | AID A000000333010101                         |
| credit    | AID A000000333010102, ...03 (quasi credit)   |
| unknown   | a stripe, another scheme: no AID says it     |
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from terminal.exchange.request import CardOnFile
from terminal.refund.rules import Arrival

DEBIT, CREDIT, UNKNOWN = "debit", "credit", "unknown"
KINDS = {"A000000333010101": DEBIT, "A000000333010102": CREDIT, "A000000333010103": CREDIT}
SATURDAY = 5


class Calendar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Public holidays, and the weekend days that are worked instead (调休); beyond them, weekends alone are known."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if both := self.holidays & self.workdays:
            raise ValueError(f"workdays: {min(both)} is among holidays too")
        if useless := [day for day in self.workdays if day.weekday() < SATURDAY]:
            raise ValueError(f"workdays: {min(useless)} is no day of a weekend")

    @property
    def reaches(self) -> date | None:
        """The last day of which the holidays are known: the last of a year, as they are announced; None: of none."""
        return date(max(self.holidays).year, 12, 31) if self.holidays else None

    def is_working(self, day: date) -> bool:
        return day in self.workdays or (day.weekday() < SATURDAY and day not in self.holidays)

    def after(self, day: date, working_days: int) -> date:
        """The day so many working days later; the next working day for 1."""
        while working_days > 0:
            day += timedelta(days=1)
            working_days -= self.is_working(day)
        return day


def card_kind(card: CardOnFile | None) -> str:
    """ "debit", "credit" or "unknown"."""
    return KINDS.get(card.aid, UNKNOWN) if card is not None else UNKNOWN


def expected(accepted: date, card: CardOnFile | None, arrival: Arrival, calendar: Calendar) -> tuple[date, date]:
    """The first and the last day on which it should be there; after the last one it is late.

    >>> friday = date(2026, 11, 27)
    >>> expected(friday, None, Arrival(unknown=(1, 2)), Calendar())
    (datetime.date(2026, 11, 30), datetime.date(2026, 12, 1))
    """
    first, last = getattr(arrival, card_kind(card))
    return calendar.after(accepted, first), calendar.after(accepted, last)
