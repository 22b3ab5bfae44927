"""A day as a cashier types it. Law: never ahead of today, and never a year guessed where two would do.

| typed     | means                                                         |
|-----------|---------------------------------------------------------------|
| 1, 2, ... | today, yesterday, and so on, to 99                            |
| MMDD      | the last such day, of this year or the one before             |

>>> today = date(2026, 11, 24)
>>> [str(typed_day(typed, today, 365)) for typed in ("1", "2", "1124", "1123", "1225")]
['2026-11-24', '2026-11-23', '2026-11-24', '2026-11-23', '2025-12-25']
>>> str(typed_day("0229", date(2028, 3, 1), 365))
'2028-02-29'
"""

from __future__ import annotations

from datetime import date, timedelta

FULL = 4  # digits of MMDD


class NoSuchDay(ValueError):
    """There is no such day, this year or the last."""


class DayAhead(ValueError):
    """It has not come yet."""


def typed_day(typed: str, today: date, most_days: int) -> date:
    """1 to 4 digits. Raises NoSuchDay, and DayAhead where only a sale of more than `most_days` ago would fit."""
    if len(typed) != FULL:
        return _days_back(typed, today)
    there = [day for day in (_of_year(today.year, typed), _of_year(today.year - 1, typed)) if day is not None]
    if not there:
        raise NoSuchDay(typed)
    past = [day for day in there if day <= today]
    is_ahead = there[0] > today  # typed on purpose, more likely than a day of so long ago
    if not past or (is_ahead and (today - past[0]).days > most_days):
        raise DayAhead(typed)
    return past[0]


def _days_back(typed: str, today: date) -> date:
    if not typed.isdecimal() or len(typed) > 2 or int(typed) == 0:
        raise NoSuchDay(typed)
    return today - timedelta(days=int(typed) - 1)


def _of_year(year: int, typed: str) -> date | None:
    try:
        return date(year, int(typed[:2]), int(typed[2:]))
    except ValueError:
        return None
