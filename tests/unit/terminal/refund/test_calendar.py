"""When it arrives: working days of China as the State Council announced them, and spans over them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.exchange.request import CardOnFile
from terminal.policy_file import shipped_calendar
from terminal.refund.arrival import Calendar, expected
from terminal.refund.rules import Arrival

CHINA = shipped_calendar()
# 国办发明电〔2024〕12号 and 〔2025〕7号: days off in a row, and how many days of a year are worked. The package
# chinesecalendar said the same of every day of both years when the file was made.
SPANS = [
    (date(2025, 1, 28), date(2025, 2, 4)),
    (date(2025, 4, 4), date(2025, 4, 6)),
    (date(2025, 5, 1), date(2025, 5, 5)),
    (date(2025, 5, 31), date(2025, 6, 2)),
    (date(2025, 10, 1), date(2025, 10, 8)),
    (date(2026, 1, 1), date(2026, 1, 3)),
    (date(2026, 2, 15), date(2026, 2, 23)),
    (date(2026, 4, 4), date(2026, 4, 6)),
    (date(2026, 5, 1), date(2026, 5, 5)),
    (date(2026, 6, 19), date(2026, 6, 21)),
    (date(2026, 9, 25), date(2026, 9, 27)),
    (date(2026, 10, 1), date(2026, 10, 7)),
]
WORKED = {2025: 248, 2026: 248}
DEBIT = CardOnFile("d", "f", "625000******0001", "I", aid="A000000333010101")
CREDIT = CardOnFile("d", "f", "625000******0001", "I", aid="A000000333010102")


@pytest.mark.parametrize(("first", "last"), SPANS)
def test_a_holiday_is_as_long_as_announced(first, last):
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    assert not any(map(CHINA.is_working, days))
    assert all(day in CHINA.holidays for day in days)


def test_weekends_that_are_worked_are_beside_a_holiday_and_the_years_add_up():
    assert all(day.weekday() >= 5 for day in CHINA.workdays)
    for year, count in WORKED.items():
        days = (date(year, 1, 1) + timedelta(days=step) for step in range(365))
        assert sum(map(CHINA.is_working, days)) == count


def test_over_the_national_day():
    tuesday = date(2026, 9, 29)
    assert expected(tuesday, DEBIT, Arrival(), CHINA) == (date(2026, 9, 30), date(2026, 10, 9))
    assert expected(tuesday, CREDIT, Arrival(), CHINA) == (
        date(2026, 10, 9),
        date(2026, 10, 14),
    )  # Saturday 10 is worked


def test_beyond_the_last_year_weekends_alone_are_known():
    assert CHINA.reaches == date(2026, 12, 31)
    assert Calendar().reaches is None
    assert CHINA.after(date(2026, 12, 31), 1) == date(2027, 1, 1)  # as if it were worked: nobody has said otherwise
    assert CHINA.after(date(2027, 1, 1), 1) == date(2027, 1, 4)


@given(st.dates(date(2025, 1, 1), date(2028, 1, 1)), st.integers(0, 30))
def test_so_many_working_days_later(day, count):
    after = CHINA.after(day, count)
    between = [day + timedelta(days=step) for step in range(1, (after - day).days + 1)]
    assert sum(map(CHINA.is_working, between)) == count
    assert not between or CHINA.is_working(after)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"holidays": {date(2026, 10, 10)}, "workdays": {date(2026, 10, 10)}}, "among holidays too"),
        ({"workdays": {date(2026, 10, 12)}}, "no day of a weekend"),
    ],
)
def test_a_calendar_against_itself_is_refused(fields, why):
    with pytest.raises(ValueError, match=why):
        Calendar(**{name: frozenset(days) for name, days in fields.items()})
