"""Fees: the parts are the whole, to the fen, whatever the tiers, and never more is kept than is taken up."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.exchange.request import FeeSheet
from terminal.exchange.stages import Accepted
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from terminal.refund.fees import fee_of, fee_sheet, most_costs, with_fee
from terminal.refund.rules import Fee, Policy, Reason, Tier
from tests.unit.terminal.refund.histories import FEES, HISTORIES, NOTHING_GONE, back, sale

PERCENT = Fee((Tier(permille=25),))  # 2.5 %
FIXED = Fee((Tier(fixed=300),))
TIERED = Fee(
    (Tier(10_000, permille=50), Tier(50_000, permille=30, fixed=100), Tier(permille=20)), least=200, most=5_000
)


@pytest.mark.parametrize(
    ("fee", "minor", "kept"),
    [
        (PERCENT, 10_000, 250),
        (PERCENT, 10_039, 250),  # 250.975 fen, down
        (PERCENT, 39, 0),
        (FIXED, 10_000, 300),
        (FIXED, 299, 299),  # never more than there is
        (FIXED, 0, 0),
        (TIERED, 1_000, 200),  # 50, but 200 at least
        (TIERED, 150, 150),
        (TIERED, 10_000, 500),
        (TIERED, 10_001, 400),
        (TIERED, 50_000, 1_600),
        (TIERED, 50_001, 1_000),
        (TIERED, 1_000_000, 5_000),  # 20,000, but 5,000 at most
    ],
)
def test_percent_fixed_and_tiered(fee, minor, kept):
    assert fee_of(fee, Money(minor)) == Money(kept)


def test_the_fee_of_a_reason_is_of_the_part_less_the_kept_cost():
    policy = Policy(fees={"restocking": PERCENT}, reasons=(Reason("returned", fee="restocking"), Reason("other")))
    sheet = FeeSheet(Money(10_000), Money(1_000), part=Money(4_000))
    assert with_fee(sheet, "returned", policy).handling_fee == Money(100)
    assert with_fee(sheet, "other", policy) == sheet
    costly = msgspec.structs.replace(sheet, part=None, kept_cost=Money(5_000))
    assert with_fee(costly, "returned", policy).handling_fee == Money(100)  # of 40.00


@given(HISTORIES, FEES, st.none() | st.integers(0, 10_000), st.integers(0, 10_000))
def test_sheets_sum_to_the_fen_and_a_fee_is_within_what_is_taken_up(history, fee, part, kept):
    policy = Policy(fees={"kept": fee}, reasons=(Reason("returned", fee="kept"),))
    before = fee_sheet(sale(), history)
    gone = sum(stage.request.amount.minor for stage in history if not isinstance(stage, NOTHING_GONE))
    assert before.refunded_before.minor == gone
    part = None if part is None else Money(part)
    sheet = with_fee(msgspec.structs.replace(before, part=part, kept_cost=Money(kept)), "returned", policy)
    assert 0 <= sheet.handling_fee.minor <= max(0, sheet.taken_up.minor - kept)
    parts = (sheet.refunded_before, sheet.kept_cost, sheet.handling_fee, sheet.refund)
    left = sheet.remaining - sheet.taken_up
    assert sum(each.minor for each in parts) + left.minor == 10_000


@given(FEES, st.integers(0, 20_000))
def test_no_fee_is_below_nothing_and_within_its_bounds(fee, minor):
    taken = fee_of(fee, Money(minor)).minor
    assert 0 <= taken <= minor
    if taken < minor:
        assert taken >= fee.least
    if fee.most is not None:
        assert taken <= fee.most


@given(st.integers(0, 1000), st.integers(0, 10_000))
def test_typed_costs_have_a_limit_in_thousandths_of_what_remains(permille, gone):
    history = [back(Kind.REFUND, gone, Accepted)] if gone else []
    most = most_costs(fee_sheet(sale(), history), Policy(typed_costs_permille=permille)).minor
    assert most * 1000 <= (10_000 - gone) * permille < (most + 1) * 1000


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"tiers": ()}, "last one has no up_to"),
        ({"tiers": (Tier(100),)}, "last one has no up_to"),
        ({"tiers": (Tier(), Tier())}, "last one has no up_to"),
        ({"tiers": (Tier(200), Tier(100), Tier())}, "upwards"),
        ({"tiers": (Tier(100), Tier(100), Tier())}, "upwards"),
        ({"tiers": (Tier(permille=1001),)}, "0 to 1000"),
        ({"tiers": (Tier(permille=-1),)}, "0 to 1000"),
        ({"tiers": (Tier(fixed=-1),)}, "not below 0"),
        ({"tiers": (Tier(),), "least": -1}, "least"),
        ({"tiers": (Tier(),), "least": 2, "most": 1}, "not below least"),
    ],
)
def test_a_fee_that_makes_no_sense_is_refused(fields, why):
    with pytest.raises(ValueError, match=why):
        Fee(**fields)
