"""How often and how much, looked at from behind: rules against staff refunding to themselves. Law: offline, at once.

| rule          | found                                                     | counted against |
|---------------|-----------------------------------------------------------|-----------------|
| per-hour      | refunds in 60 minutes, with this one                      | the operator    |
| per-shift     | minor units since he logged in, with this one             | the operator    |
| same-card     | refunds in card_days, with this one                       | the card        |
| old-sale      | days since the sale; a senior may                         | the operator    |
| outside-hours | the shop is closed                                        | the shop        |
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from terminal.refund.rules import Level, Policy

SENIOR = "senior"  # the role of an operator who has rank (terminal/dialogue/codes.py)


class Seen(msgspec.Struct, frozen=True):
    """What the journal has of this operator and this card, the refund in hand not counted; sums in minor units."""

    today: int = 0  # given back by the operator
    hour: int = 0  # refunds by the operator in the last 60 minutes
    shift: int = 0  # given back by the operator since he logged in
    card: int = 0  # refunds to the card within card_days


def broken(seen: Seen, amount: int, age: int, now: datetime, is_senior: bool, policy: Policy) -> dict[str, Level]:
    """The rules that are not kept, and what each asks for; those that are off are left out."""
    found = dict(_levels(seen, amount, age, now, is_senior, policy))
    return {name: level for name, level in found.items() if level is not Level.OFF}


def is_open(now: datetime, hours: tuple[str, ...]) -> bool:
    """Whether the shop is. `hours` as Policy.hours.

    >>> monday = [datetime(2026, 11, 23, hour) for hour in (8, 9, 22)]
    >>> [is_open(now, ("09:00-22:00",) * 7) for now in monday]
    [False, True, False]
    >>> bar = ("", "", "", "", "18:00-02:00", "", "")
    >>> [is_open(datetime(2026, 11, day, hour), bar) for day, hour in ((27, 1), (27, 18), (28, 1), (28, 2), (28, 18))]
    [False, True, True, False, False]
    """
    if not hours:
        return True
    time = f"{now:%H:%M}"
    first, _, last = hours[now.weekday()].partition("-")
    began, _, ends = hours[now.weekday() - 1].partition("-")  # yesterday's, where they go past midnight
    is_todays = bool(first) and first <= time and (time < last or last < first)
    return is_todays or (ends < began and time < ends)


def _levels(
    seen: Seen, amount: int, age: int, now: datetime, is_senior: bool, policy: Policy
) -> Iterator[tuple[str, Level]]:
    rules = policy.velocity
    yield "per-hour", rules.per_hour.level_of(seen.hour + 1)
    yield "per-shift", rules.per_shift.level_of(seen.shift + amount)
    yield "same-card", rules.same_card.level_of(seen.card + 1)
    yield "old-sale", Level.OFF if is_senior else rules.old_sale.level_of(age)
    yield "outside-hours", Level.OFF if is_open(now, policy.hours) else rules.outside_hours
