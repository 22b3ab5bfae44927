"""Terminal risk management (Book 3, 10.6): floor limit, chance, counters, the exception file; each bit by itself."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.emv import tags
from terminal.emv.risk import Counters, chance_of, manage, velocity, wants_counters
from terminal.emv.sale import Ended, GoOnline
from terminal.emv.terminal_data import Application
from terminal.emv.verification import Tsi, Tvr
from tests.unit.terminal.emv.chips import AID, GET_DATA, OFFLINE_ROW, PAN, TC, Scripted, format_1, started

ROW = Application(AID, floor_limit=10_000, threshold=2_000, target_percent=20, max_target_percent=60)
NEVER = 99
BOTH = Tvr.LOWER_LIMIT_EXCEEDED | Tvr.UPPER_LIMIT_EXCEEDED
LIMITS = {tags.LOWER_LIMIT: b"\x02", tags.UPPER_LIMIT: b"\x05"}


@pytest.mark.parametrize(
    ("amount", "bits"), [(0, Tvr(0)), (9_999, Tvr(0)), (10_000, Tvr.FLOOR_LIMIT_EXCEEDED), (10**9, Tvr(0x8000))]
)
def test_the_floor_limit_itself_is_too_much(amount: int, bits: Tvr) -> None:
    assert manage(ROW, amount, NEVER, False, False) == bits


def test_every_sale_exceeds_a_floor_limit_of_zero() -> None:
    for amount in (0, 1, 10**12):
        assert manage(Application(AID), amount, 0, False, False) == Tvr.FLOOR_LIMIT_EXCEEDED


def test_the_merchant_and_the_exception_file_are_heard_whatever_the_amount() -> None:
    for amount, floor in ((1, Tvr(0)), (10_000, Tvr.FLOOR_LIMIT_EXCEEDED)):
        assert manage(ROW, amount, NEVER, True, False) == Tvr.ON_EXCEPTION_FILE | floor
        assert manage(ROW, amount, NEVER, False, True) == Tvr.MERCHANT_FORCED_ONLINE | floor


ROWS = st.builds(
    lambda threshold, more, target, most: Application(
        AID,
        floor_limit=threshold + more,
        threshold=threshold,
        target_percent=target,
        max_target_percent=max(target, most),
    ),
    *(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 99), st.integers(0, 99)),
)


@given(ROWS, st.integers(0, 10**7))
def test_so_many_chances_are_selected_as_the_law_says(row: Application, amount: int) -> None:
    selected = [manage(row, amount, chance, False, False) for chance in range(1, 100)]
    if amount >= row.floor_limit:
        assert set(selected) == {Tvr.FLOOR_LIMIT_EXCEEDED}
        return
    expected = chance_of(row, amount)
    assert selected.count(Tvr.RANDOMLY_SELECTED) == expected
    assert row.target_percent <= expected <= row.max_target_percent
    if amount < row.threshold:
        assert expected == row.target_percent


@given(ROWS, st.integers(0, 10**7), st.integers(0, 10**7))
def test_more_are_selected_the_nearer_the_floor_limit(row: Application, one: int, other: int) -> None:
    low, high = sorted((one, other))
    if high < row.floor_limit:
        assert chance_of(row, low) <= chance_of(row, high)


@pytest.mark.parametrize(
    ("atc", "last_online", "bits"),
    [
        (3, 1, Tvr(0)),  # two of two
        (4, 1, Tvr.LOWER_LIMIT_EXCEEDED),
        (6, 1, Tvr.LOWER_LIMIT_EXCEEDED),  # five of five
        (7, 1, BOTH),
        (1, 1, BOTH),  # a counter that did not move
        (1, 2, BOTH),  # or went back
        (None, 1, BOTH),
        (1, None, BOTH),
        (None, None, BOTH),
        (1, 0, Tvr.NEW_CARD),
        (7, 0, BOTH | Tvr.NEW_CARD),
        (None, 0, BOTH | Tvr.NEW_CARD),
        (0, 0, BOTH | Tvr.NEW_CARD),
        (0xFFFF, 0xFFFE, Tvr(0)),
    ],
)
def test_sales_since_the_last_online_one_are_counted(atc: int | None, last_online: int | None, bits: Tvr) -> None:
    assert velocity(LIMITS, Counters(atc, last_online)) == bits


@pytest.mark.parametrize(
    ("card", "is_asked"),
    [({}, False), ({tags.LOWER_LIMIT: "02"}, False), ({tags.UPPER_LIMIT: "02"}, False),
     ({tags.LOWER_LIMIT: "02", tags.UPPER_LIMIT: "05"}, True)],
)  # fmt: skip
async def test_counters_are_asked_for_only_by_a_card_with_both_limits(card: dict[int, str], is_asked: bool) -> None:
    assert wants_counters({tag: bytes.fromhex(value) for tag, value in card.items()}) == is_asked
    chip = Scripted(card, data={tags.ATC: "0007", tags.LAST_ONLINE_ATC: "0006"})
    await started(chip)
    assert [command.hex() for command in chip.heard(GET_DATA)] == (["80ca9f3600", "80ca9f1300"] if is_asked else [])


@pytest.mark.parametrize(
    ("data", "bits"),
    [
        ({tags.ATC: "0007", tags.LAST_ONLINE_ATC: "0006"}, Tvr(0)),
        ({tags.ATC: "0007", tags.LAST_ONLINE_ATC: "0000"}, BOTH | Tvr.NEW_CARD),
        ({}, BOTH),
        ({tags.ATC: "", tags.LAST_ONLINE_ATC: "0000"}, BOTH | Tvr.NEW_CARD),
    ],
)
async def test_what_the_card_does_not_say_counts_as_exceeded(data: dict[int, str], bits: Tvr) -> None:
    chip = Scripted({tags.LOWER_LIMIT: "02", tags.UPPER_LIMIT: "05"}, says=(format_1(TC),), data=data)
    step = await started(chip)
    assert isinstance(step, Ended)
    assert step.tvr & (BOTH | Tvr.NEW_CARD) == bits


@pytest.mark.parametrize(("listed", "is_on"), [((), False), (("621094",), True), ((PAN,), True), (("621095",), False)])
async def test_a_card_on_the_exception_file(listed: tuple[str, ...], is_on: bool) -> None:
    chip = Scripted()
    step = await started(chip, exceptions=listed)
    assert isinstance(step, Ended | GoOnline)
    tvr = step.tvr if isinstance(step, Ended) else step.session.tvr
    assert (Tvr.ON_EXCEPTION_FILE in tvr) == is_on


async def test_risk_is_managed_whatever_the_aip_says() -> None:
    """Book 4, 6.4: a merchant's terminal does it; EMVCo's ICS lets it not look at the AIP."""
    for aip in ("1000", "1800"):
        step = await started(Scripted(aip=aip), amount=OFFLINE_ROW.floor_limit, is_forced_online=True)
        assert isinstance(step, GoOnline)
        assert Tsi.TERMINAL_RISK_PERFORMED in step.session.tsi
        assert step.session.tvr & (Tvr.FLOOR_LIMIT_EXCEEDED | Tvr.MERCHANT_FORCED_ONLINE) == Tvr(0x8800)


async def test_the_lot_falls_on_a_sale() -> None:
    row = msgspec.structs.replace(OFFLINE_ROW, target_percent=50, threshold=50_000, max_target_percent=60)
    for chance, is_selected in ((50, True), (51, False)):
        step = await started(Scripted(), row, chance=chance)
        assert isinstance(step, GoOnline)
        assert (Tvr.RANDOMLY_SELECTED in step.session.tvr) == is_selected
