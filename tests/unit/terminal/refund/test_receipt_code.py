"""What stands on a receipt for a scanner is read as what it was made of, and nothing else is taken for it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.refund.receipt_code import OfExchange, OfReceipt, OfRrn, read, shop_mark, short, text
from terminal.refund.typed_day import DayAhead, NoSuchDay, typed_day

TERMINAL = st.from_regex(r"[0-9A-Z]{8}", fullmatch=True)
RRN = st.from_regex(r"[0-9A-Z]{12}", fullmatch=True)
ID = st.from_regex(r"[0-9]{6}-[0-9]{6}", fullmatch=True)
NUMBERS = st.from_regex(r"[0-9]{15}", fullmatch=True)


@given(TERMINAL, NUMBERS, st.dates(), RRN, ID)
def test_a_receipt_is_read_as_it_was_made(terminal_id, merchant_id, day, rrn, id):
    code = text(terminal_id, merchant_id, day.isoformat(), rrn, id)
    assert read(code) == OfReceipt(terminal_id, day.isoformat(), rrn, "", shop_mark(merchant_id))
    assert read(code.rpartition(":")[0]) == OfReceipt(terminal_id, day.isoformat(), rrn)
    assert len(code) <= 64  # a small QR


@given(TERMINAL, NUMBERS, st.dates(), ID)
def test_without_an_rrn_the_exchange_is_named(terminal_id, merchant_id, day, id):
    code = text(terminal_id, merchant_id, day.isoformat(), "", id)
    assert read(code) == OfReceipt(terminal_id, day.isoformat(), "", id, shop_mark(merchant_id))


@given(ID)
def test_a_short_code_with_its_dash_or_without(id):
    assert read(id) == short(id) == short(id.replace("-", "")) == OfExchange(id)
    assert read(id.replace("-", "")) == OfRrn(id.replace("-", ""))


@given(st.text())
def test_anything_else_is_nothing_or_what_it_is(code):
    found = read(code)
    assert found is None or isinstance(found, OfRrn | OfExchange | OfReceipt)
    assert found is None or len(code.strip(" \r\n\t")) <= 64


@pytest.mark.parametrize(
    "code",
    [
        "",
        "yuanlu:",
        "yuanlu:10000001:2026-13-01:091947145060",
        "yuanlu:10000001:2026-02-30:091947145060",
        "yuanlu:100000012:2026-11-23:091947145060",
        "yuanlu:10000001:2026-11-23:0919471450601",
        "yuanlu:10000001:2026-11-23:09194714506",
        "yuanlu:10000001:2026-11-23:091947145060:f8582",
        "yuanlu:10000001:2026-11-23:091947145060:f8582d:",
        "xyuanlu:10000001:2026-11-23:091947145060",
        "０００００１-０００１２３",
        "00001-000123",
        "000001--000123",
    ],
)
def test_garbage(code):
    assert read(code) is None


def test_two_shops_have_two_marks():
    marks = {shop_mark(f"8983100000{number:05d}") for number in range(2000)}
    assert len(marks) > 1990


# --- a typed day -----------------------------------------------------------------------------------------------------
TODAYS = st.dates(date(2020, 1, 1), date(2099, 12, 31))


@given(TODAYS, st.integers(0, 360))
def test_a_day_that_was_is_found_again(today, days):
    day = today - timedelta(days=days)
    assert typed_day(f"{day:%m%d}", today, 365) == day or (f"{day:%m%d}" == "0229")


@given(TODAYS, st.text("0123456789", min_size=1, max_size=4), st.integers(1, 400))
def test_a_typed_day_is_never_ahead_and_never_a_year_off(today, typed, most):
    try:
        day = typed_day(typed, today, most)
    except (NoSuchDay, DayAhead):
        return
    assert date(today.year - 1, 1, 1) <= day <= today
    assert typed in (f"{day:%m%d}", str((today - day).days + 1), f"{(today - day).days + 1:02d}")


@pytest.mark.parametrize(
    ("typed", "today", "most", "found"),
    [
        ("0229", "2026-03-01", 365, NoSuchDay),
        ("0229", "2028-03-01", 365, "2028-02-29"),
        ("0229", "2028-02-28", 365, DayAhead),
        ("0229", "2029-02-28", 365, "2028-02-29"),
        ("1225", "2026-01-05", 180, "2025-12-25"),
        ("0106", "2026-01-05", 180, DayAhead),
        ("0230", "2026-03-01", 365, NoSuchDay),
        ("0000", "2026-03-01", 365, NoSuchDay),
        ("00", "2026-03-01", 365, NoSuchDay),
        ("99", "2026-11-24", 365, "2026-08-18"),
        ("112", "2026-11-24", 365, NoSuchDay),
    ],
)
def test_days_at_the_edges(typed, today, most, found):
    today = date.fromisoformat(today)
    if isinstance(found, str):
        assert typed_day(typed, today, most) == date.fromisoformat(found)
    else:
        with pytest.raises(found):
            typed_day(typed, today, most)
