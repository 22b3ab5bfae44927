"""Policy: what may be done, as laws over random histories."""

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.exchange.request import CardOnFile, FeeSheet, Original, Request, Terms
from terminal.exchange.stages import Accepted, AwaitingReply, GivenUp, NotSent, Refused, Reversed, Reversing, Unknown
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Kind, Silence
from terminal.money import Money
from terminal.refund.policy import Policy, decide, fee_sheet, may_give_back

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
CARD = CardOnFile("digest", "fingerprint", "625000******0001", "I")
POLICY = Policy()
TERMS = Terms(Silence.QUERY)


def sale(minor=10_000, days_ago=0, batch="000001"):
    at = (NOW - timedelta(days=days_ago, minutes=30)).isoformat()
    return Accepted(
        Request("000001-000001", Kind.SALE, "000001", batch, Money(minor), at, "01", CARD, TERMS), Reply("0210", "00")
    )


def back(kind, minor, stage, seconds_ago=600):
    original = Original("000001-000001", "000001", "000001", "1" * 12, "", "1123", Money(10_000))
    at = (NOW - timedelta(seconds=seconds_ago)).isoformat()
    request = Request("000001-000002", kind, "000002", "000001", Money(minor), at, "01", CARD, TERMS, original)
    made = {
        Accepted: lambda: Accepted(request, Reply("0230", "00")),
        Refused: lambda: Refused(request, "51"),
        Unknown: lambda: Unknown(request, "98"),
        NotSent: lambda: NotSent(request, "line"),
        Reversed: lambda: Reversed(request, "98"),
        Reversing: lambda: Reversing(request, "98", 3),
        AwaitingReply: lambda: AwaitingReply(request),
        GivenUp: lambda: GivenUp(request, "98"),
    }
    return made[stage]()


def decided(the_sale, history, minor, wanted=None, batch="000001", today=0, policy=POLICY):
    fees = wanted or fee_sheet(the_sale, history)
    return decide(the_sale, history, fees, Money(minor), NOW, batch, today, policy)


@pytest.mark.parametrize(
    ("the_sale", "history", "minor", "batch", "kind", "why"),
    [
        (sale(), [], 10_000, "000001", Kind.VOID, "same-day"),
        (sale(), [], 4_000, "000001", Kind.REFUND, "part"),
        (sale(), [], 10_000, "000002", Kind.REFUND, "settled"),
        (sale(days_ago=2), [], 10_000, "000001", Kind.REFUND, "other-day"),
        (sale(), [back(Kind.REFUND, 4_000, Accepted)], 6_000, "000001", Kind.REFUND, "partly-refunded"),
        (sale(), [back(Kind.VOID, 10_000, Reversed)], 10_000, "000001", Kind.VOID, "same-day"),
        (sale(), [back(Kind.REFUND, 4_000, Refused)], 10_000, "000001", Kind.VOID, "same-day"),
        (sale(), [back(Kind.VOID, 10_000, Accepted)], 1, "000001", None, "voided"),
        (sale(), [back(Kind.REFUND, 10_000, Accepted)], 1, "000001", None, "nothing-left"),
        (sale(), [back(Kind.REFUND, 1, Unknown)], 1, "000001", None, "unknown-open"),
        (sale(), [back(Kind.VOID, 10_000, Reversing)], 1, "000001", None, "reversal-open"),
        (sale(), [back(Kind.VOID, 10_000, GivenUp)], 1, "000001", None, "reversal-open"),
        (sale(), [back(Kind.REFUND, 1, AwaitingReply)], 1, "000001", None, "reversal-open"),
        (sale(), [back(Kind.REFUND, 1, Accepted, seconds_ago=30)], 1, "000001", None, "too-soon"),
        (sale(days_ago=181), [], 1, "000001", None, "too-old"),
        (sale(), [], 0, "000001", None, "amount-zero"),
        (sale(), [], 10_001, "000001", None, "above-remaining"),
        (sale(2_000_000), [], 1_500_000, "000001", None, "above-cap"),
    ],
)
def test_decision(the_sale, history, minor, batch, kind, why):
    decision = decided(the_sale, history, minor, batch=batch)
    assert (decision.kind, decision.why) == (kind, why)


def test_day_cap_counts_what_was_given_back_today():
    assert decided(sale(), [], 10_000, today=POLICY.day_cap - 9_999).why == "above-day-cap"
    assert decided(sale(), [], 10_000, today=POLICY.day_cap - 10_000).kind is Kind.VOID


def test_switched_off_and_too_many():
    off = msgspec.structs.replace(POLICY, is_refund_on=False)
    assert may_give_back(sale(), [], NOW, off) == "refund-off"
    many = [back(Kind.REFUND, 1, Accepted)] * 50
    assert may_give_back(sale(), many, NOW, POLICY) == "too-many"


def test_costs_leave_less_and_never_nothing():
    fees = FeeSheet(Money(10_000), Money(0), Money(9_000), Money(1_000))
    assert decided(sale(), [], fees.refund.minor, fees).why == "costs-too-high"
    fees = FeeSheet(Money(10_000), Money(0), Money(1_500), Money(500))
    assert fees.refund == Money(8_000)
    assert decided(sale(), [], 8_000, fees).kind is Kind.REFUND
    assert decided(sale(), [], 8_001, fees).why == "above-remaining"


def test_supervisor_above_the_limit_only():
    assert not decided(sale(50_000), [], 50_000).needs_supervisor
    assert decided(sale(50_001), [], 50_001).needs_supervisor


HISTORY = st.lists(
    st.builds(
        back,
        st.sampled_from([Kind.REFUND, Kind.VOID]),
        st.integers(1, 10_000),
        st.sampled_from([Accepted, Refused, Unknown, NotSent, Reversed, Reversing, AwaitingReply, GivenUp]),
        st.integers(0, 1000),
    ),
    max_size=6,
)


@given(HISTORY, st.integers(-5, 12_000), st.sampled_from(["000001", "000002"]))
def test_never_more_than_the_sale_pending_and_unknown_included(history, minor, batch):
    the_sale = sale()
    decision = decided(the_sale, history, minor, batch=batch)
    if decision.kind is None:
        return
    gone = sum(s.request.amount.minor for s in history if not isinstance(s, Refused | NotSent | Reversed))
    assert gone + minor <= the_sale.request.amount.minor
    assert not any(isinstance(s, Unknown | Reversing | AwaitingReply | GivenUp) for s in history)
    if decision.kind is Kind.VOID:
        assert minor == the_sale.request.amount.minor
        assert batch == the_sale.request.batch
        assert gone == 0


@given(HISTORY, st.integers(1, 9_999))
def test_if_an_amount_may_go_back_so_may_any_smaller_one(history, minor):
    if decided(sale(), history, minor + 1).kind is not None:
        assert decided(sale(), history, minor).kind is not None
