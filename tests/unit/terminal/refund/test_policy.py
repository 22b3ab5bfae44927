"""Policy: a table of what may be done, and the laws over random histories and policies."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from terminal.exchange.request import FeeSheet
from terminal.exchange.stages import Accepted, AwaitingReply, GivenUp, NotSent, Refused, Reversed, Reversing, Unknown
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from terminal.refund.fees import with_fee
from terminal.refund.policy import Need, Policy, cap_of, decide, may_give_back
from terminal.refund.rules import Level, NoRecord, OtherCard, Reason, Rule, Velocity
from terminal.refund.sale import TYPED, Origin
from tests.unit.terminal.refund.histories import (
    AMOUNTS,
    CARD,
    HISTORIES,
    NOTHING_GONE,
    NOW,
    OPEN,
    POLICIES,
    SALES,
    SEEN,
    back,
    past,
    sale,
    wanted,
)

POLICY = Policy()
PEOPLE = (Need.SUPERVISOR, Need.REVIEW, Need.SECOND_PERSON)


def decided(the_sale, history=(), part=None, policy=POLICY, batch="000001", want=None, **known):
    return decide(the_sale, want or wanted(the_sale, history, part), past(history, batch, **known), policy)


def people(decision):
    """How much agreement it needs: a review is more than the supervisor's code."""
    kinds = {needed.need for needed in decision.needs}
    return (2 if Need.REVIEW in kinds else int(Need.SUPERVISOR in kinds)), int(Need.SECOND_PERSON in kinds)


# --- the table --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("the_sale", "history", "minor", "batch", "kind", "why"),
    [
        (sale(), [], 10_000, "000001", Kind.VOID, "same-day"),
        (sale(), [], 4_000, "000001", Kind.REFUND, "part"),
        (sale(), [], 10_000, "000002", Kind.REFUND, "settled"),
        (sale(days_ago=2), [], 10_000, "000001", Kind.REFUND, "other-day"),
        (sale(kind=Kind.COMPLETION), [], 10_000, "000001", Kind.REFUND, "completion"),
        (sale(origin=Origin.ELSEWHERE), [], 10_000, "000001", Kind.REFUND, "elsewhere"),
        (sale(origin=Origin.NAKED), [], 10_000, "000001", None, "naked-off"),
        (sale(kind=Kind.REFUND), [], 10_000, "000001", None, "sale-not-found"),
        (sale(), [back(Kind.REFUND, 4_000, Accepted)], 6_000, "000001", Kind.REFUND, "partly-refunded"),
        (sale(), [back(Kind.VOID, 10_000, Refused, code="48")], 10_000, "000001", Kind.REFUND, "void-refused"),
        (sale(), [back(Kind.VOID, 10_000, Refused, code="51")], 10_000, "000001", Kind.VOID, "same-day"),
        (sale(), [back(Kind.VOID, 10_000, Reversed)], 10_000, "000001", Kind.VOID, "same-day"),
        (sale(), [back(Kind.REFUND, 4_000, Refused)], 10_000, "000001", Kind.VOID, "same-day"),
        (sale(), [back(Kind.REFUND, 4_000, NotSent)], 10_000, "000001", Kind.VOID, "same-day"),
        (sale(), [back(Kind.VOID, 10_000, Accepted)], 1, "000001", None, "voided"),
        (sale(), [back(Kind.REFUND, 10_000, Accepted)], 1, "000001", None, "nothing-left"),
        (sale(), [back(Kind.REFUND, 1, Unknown)], 1, "000001", None, "unknown-open"),
        (sale(), [back(Kind.VOID, 10_000, Reversing)], 1, "000001", None, "reversal-open"),
        (sale(), [back(Kind.VOID, 10_000, GivenUp)], 1, "000001", None, "reversal-open"),
        (sale(), [back(Kind.REFUND, 1, AwaitingReply)], 1, "000001", None, "reversal-open"),
        (sale(), [back(Kind.REFUND, 1, Accepted, seconds_ago=59)], 1, "000001", None, "too-soon"),
        (sale(), [back(Kind.REFUND, 1, Accepted, seconds_ago=60)], 1, "000001", Kind.REFUND, "partly-refunded"),
        (sale(), [back(Kind.REFUND, 1, Accepted)] * 50, 1, "000001", None, "too-many"),
        (sale(days_ago=180), [], 1, "000001", Kind.REFUND, "part"),
        (sale(days_ago=181), [], 1, "000001", None, "too-old"),
        (sale(days_ago=-1), [], 1, "000001", None, "clock-back"),
        (sale(), [], 0, "000001", None, "amount-zero"),
        (sale(), [], -1, "000001", None, "amount-zero"),
        (sale(), [], 10_001, "000001", None, "above-remaining"),
        (sale(), [back(Kind.REFUND, 4_000, Accepted)], 6_001, "000001", None, "above-remaining"),
        (sale(2_000_000), [], 1_000_000, "000001", Kind.REFUND, "part"),
        (sale(2_000_000), [], 1_000_001, "000001", None, "above-cap"),
    ],
)
def test_decision(the_sale, history, minor, batch, kind, why):
    decision = decided(the_sale, history, minor, batch=batch)
    assert (decision.kind, decision.why) == (kind, why)


def test_where_the_acquirer_has_no_voids_it_is_a_refund():
    decision = decided(sale(), want=wanted(sale(), has_void=False))
    assert (decision.kind, decision.why) == (Kind.REFUND, "no-void")


def test_the_clock_of_the_same_day_counts_too():
    want = wanted(sale(), at=NOW - timedelta(minutes=31))  # the sale was 30 minutes ago
    assert decided(sale(), want=want).why == "clock-back"


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (Policy(is_refund_on=False), "refund-off"),
        (Policy(effective=date(2026, 11, 24)), "policy-early"),
        (Policy(effective=date(2026, 11, 23)), ""),
        (Policy(expires=date(2026, 11, 22)), "policy-expired"),
        (Policy(expires=date(2026, 11, 23)), ""),
    ],
)
def test_a_policy_that_is_not_in_force_gives_nothing_back(policy, why):
    assert may_give_back(sale(), past(), NOW, policy) == why


def test_an_application_that_waits_stands_in_the_way_of_all():
    assert decided(sale(), application="000007").why == "application-open"


def test_day_cap_counts_what_was_given_back_today():
    assert decided(sale(), in_all=POLICY.day_cap - 9_999).why == "above-day-cap"
    assert decided(sale(), in_all=POLICY.day_cap - 10_000).kind is Kind.VOID


def test_a_sale_of_another_terminal_has_its_own_cap_documents_and_people():
    there = sale(300_000, origin=Origin.ELSEWHERE)
    assert decided(there, part=200_001).why == "above-cap"
    assert cap_of(there, POLICY) == 200_000
    assert cap_of(sale(), POLICY) == POLICY.cap
    decision = decided(there, part=200_000)
    assert decision.documents == ("receipt",)
    assert people(decision) == (1, 1)
    assert decided(there, part=1, policy=Policy(elsewhere=NoRecord(is_on=False))).why == "elsewhere-off"


def test_naked_asks_for_everything():
    policy = Policy(naked=NoRecord(is_on=True, documents=("receipt", "note")))
    decision = decided(sale(origin=Origin.NAKED), policy=policy)
    assert [needed.need for needed in decision.needs] == [
        Need.EVIDENCE,
        Need.SUPERVISOR,
        Need.SECOND_PERSON,
        Need.PAUSE,
    ]


def test_another_card_only_by_policy_never_of_a_typed_or_a_young_sale():
    policy = Policy(other_card=OtherCard(is_on=True, hours=24))
    old = sale(days_ago=2)
    asked = wanted(old, is_other_card=True)
    assert decided(old, want=asked).why == "other-card-off"
    decision = decided(old, want=asked, policy=policy)
    assert (decision.kind, people(decision)) == (Kind.REFUND, (1, 1))
    assert decision.documents == ("receipt", "identity", "note")
    young = wanted(sale(), is_other_card=True)
    assert decided(sale(), want=young, policy=policy).why == "other-card-off"
    typed = sale(days_ago=2, card=msgspec.structs.replace(CARD, entry=TYPED))
    assert decided(typed, want=asked, policy=policy).why == "other-card-off"


def test_costs_leave_less_and_never_nothing():
    def typed(kept, fee, policy=POLICY):
        sheet = FeeSheet(Money(10_000), kept_cost=Money(kept), handling_fee=Money(fee))
        want = msgspec.structs.replace(wanted(sale(), has_typed_costs=True), fees=sheet)
        return decided(sale(), want=want, policy=policy)

    assert typed(9_000, 1_000).why == "costs-too-high"
    assert typed(1_500, 500).kind is Kind.REFUND
    assert typed(1_500, 500).fees.refund == Money(8_000)
    assert typed(1_500, 500, Policy(typed_costs_permille=199)).why == "costs-above-policy"
    assert typed(1_500, 500, Policy(typed_costs_permille=200)).kind is Kind.REFUND
    assert typed(-1, 0).why == "above-remaining"


def test_nothing_is_kept_that_neither_the_policy_takes_nor_anybody_typed():
    kept = FeeSheet(Money(10_000), kept_cost=Money(500))
    want = msgspec.structs.replace(wanted(sale()), fees=kept)
    assert decided(sale(), want=want).why == "sheet-stale"
    assert decided(sale(), want=msgspec.structs.replace(want, has_typed_costs=True)).kind is Kind.REFUND


def test_a_reason_that_the_policy_has_no_more():
    assert decided(sale(), policy=Policy(reasons=(Reason("other"),))).why == "reason-gone"


def test_a_sheet_of_before_another_refund_is_stale():
    history = [back(Kind.REFUND, 1_000, Accepted)]
    assert decided(sale(), history, want=wanted(sale(), (), 2_000)).why == "sheet-stale"


@pytest.mark.parametrize(
    ("minor", "needed"),
    [
        (50_000, []),
        (50_001, [("supervisor", "amount")]),
        (100_001, [("evidence", "documents"), ("supervisor", "amount")]),
        (300_001, [("evidence", "documents"), ("review", "amount")]),
        (500_001, [
            ("evidence", "documents"),
            ("review", "amount"),
            ("second-person", "amount"),
            ("pause", "amount"),
        ]),
    ],
)  # fmt: skip
def test_who_must_agree_above_what(minor, needed):
    decision = decided(sale(minor))
    assert [(each.need.value, each.rule) for each in decision.needs if each.rule != "operator-day"] == needed


def test_one_operators_day_together():
    assert not decide(sale(), wanted(sale()), past(today=490_000), POLICY).needs
    found = decide(sale(), wanted(sale()), past(today=490_001), POLICY)
    assert found.rules(Need.SUPERVISOR) == ("operator-day",)


# --- velocity ---------------------------------------------------------------------------------------------------------
BROKEN = {
    "per-hour": (Velocity(per_hour=Rule(2, Level.OFF)), {"hour": 2}, 0, ()),
    "per-shift": (Velocity(per_shift=Rule(15_000, Level.OFF)), {"shift": 5_001}, 0, ()),
    "same-card": (Velocity(same_card=Rule(1, Level.OFF)), {"card": 1}, 0, ()),
    "old-sale": (Velocity(old_sale=Rule(9, Level.OFF)), {}, 10, ()),
    "outside-hours": (Velocity(), {}, 0, ("10:01-22:00",) * 7),
}
FIELD = {name: name.replace("-", "_") for name in BROKEN}


def broken_policy(name, level):
    velocity, seen, days, hours = BROKEN[name]
    rule = getattr(velocity, FIELD[name])
    value = level if isinstance(rule, Level) else msgspec.structs.replace(rule, level=level)
    return Policy(velocity=msgspec.structs.replace(velocity, **{FIELD[name]: value}), hours=hours), seen, days


@pytest.mark.parametrize("name", BROKEN)
def test_each_rule_is_off_warns_asks_or_forbids(name):
    for level in Level:
        policy, seen, days = broken_policy(name, level)
        the_sale = sale(days_ago=days)
        decision = decide(the_sale, wanted(the_sale), past(**seen), policy)
        assert (decision.why == name) is (level is Level.FORBID)
        assert (decision.warnings == (name,)) is (level is Level.WARN)
        assert (name in decision.rules(Need.SUPERVISOR)) is (level is Level.SUPERVISOR)


@pytest.mark.parametrize("name", BROKEN)
def test_each_rule_holds_up_to_its_limit(name):
    policy, seen, days = broken_policy(name, Level.FORBID)
    the_sale = sale(days_ago=max(0, days - 1))
    seen = {key: value - 1 for key, value in seen.items()}
    hours = ("10:00-22:00",) * 7 if policy.hours else ()
    policy = msgspec.structs.replace(policy, hours=hours)
    assert decide(the_sale, wanted(the_sale), past(**seen), policy).kind is not None


def test_an_old_sale_may_be_given_back_by_rank():
    policy, _, days = broken_policy("old-sale", Level.FORBID)
    the_sale = sale(days_ago=days)
    assert decide(the_sale, wanted(the_sale, is_senior=True), past(), policy).kind is Kind.REFUND


# --- the laws ---------------------------------------------------------------------------------------------------------
WANTED = st.fixed_dictionaries({"is_senior": st.booleans(), "is_other_card": st.booleans(), "has_void": st.booleans()})


def of_policy(the_sale, history, part, policy, at=NOW, **flags):
    want = wanted(the_sale, history, part, at, **flags)
    return msgspec.structs.replace(want, fees=with_fee(want.fees, want.reason, policy))


@settings(max_examples=500)
@given(SALES, HISTORIES, AMOUNTS, POLICIES, SEEN, WANTED, st.sampled_from(["", "", "", "000009"]))
def test_never_more_than_the_sale_and_never_beside_another(the_sale, history, minor, policy, seen, flags, application):
    """Pending and unknown included; a void only where the wire allows it."""
    want = of_policy(the_sale, history, minor, policy, **flags)
    decision = decide(the_sale, want, past(history, application=application, **seen), policy)
    if decision.kind is None:
        return
    gone = sum(stage.request.amount.minor for stage in history if not isinstance(stage, NOTHING_GONE))
    assert 0 < want.fees.refund.minor <= want.fees.taken_up.minor
    assert gone + want.fees.taken_up.minor <= the_sale.amount.minor
    assert want.fees.refund.minor <= policy.cap
    assert not application
    assert not any(isinstance(stage, OPEN) for stage in history)
    assert the_sale.age(NOW) <= policy.days
    if decision.kind is Kind.VOID:
        assert want.fees.refund == the_sale.amount
        assert (the_sale.original.batch, the_sale.at[:10]) == ("000001", NOW.date().isoformat())
        assert (the_sale.kind, the_sale.origin, gone) == (Kind.SALE, Origin.HERE, 0)
        assert flags["has_void"]
        assert not flags["is_other_card"]


@given(SALES, HISTORIES, AMOUNTS, POLICIES, SEEN, WANTED)
def test_who_must_agree_is_told_and_why(the_sale, history, minor, policy, seen, flags):
    want = of_policy(the_sale, history, minor, policy, **flags)
    decision = decide(the_sale, want, past(history, **seen), policy)
    order = [list(Need).index(needed.need) for needed in decision.needs]
    assert order == sorted(order)
    assert bool(decision.documents) == bool(decision.rules(Need.EVIDENCE))
    if decision.kind is None:
        assert not decision.needs
        return
    is_strange = the_sale.origin is not Origin.HERE or want.is_other_card
    if is_strange:
        assert people(decision)[0] >= 1
        assert people(decision)[1] == 1
    if want.fees.refund.minor > policy.supervisor_above:
        assert people(decision)[0] >= 1


PLAIN = ("amount-zero", "costs-too-high")  # too little of it: the only reasons that more money mends


@given(SALES, HISTORIES, st.integers(1, 12_000), st.integers(1, 3_000), POLICIES, SEEN, WANTED)
def test_more_money_never_needs_less(the_sale, history, minor, more, policy, seen, flags):
    """Of a policy without fees: what goes back is what is taken up."""
    policy = msgspec.structs.replace(policy, reasons=(msgspec.structs.replace(policy.reasons[0], fee=""),))
    known = past(history, **seen)
    less, much = (
        decide(the_sale, wanted(the_sale, history, part, **flags), known, policy) for part in (minor, minor + more)
    )
    if less.kind is None:
        assert much.kind is None
    if much.kind is not None:
        assert less.kind is not None
        assert all(least <= most for least, most in zip(people(less), people(much), strict=True))
        assert {each.need for each in less.needs} - set(PEOPLE) <= {each.need for each in much.needs}
        assert set(less.documents) <= set(much.documents)
        assert set(less.warnings) <= set(much.warnings)


# what time may mend: a wait between two refunds, a day and an hour that are over, a shop that opens, a sale that is old
# enough for another card, a policy that comes into force
WINDOWS = ("too-soon", "above-day-cap", "per-hour", "per-shift", "same-card", "outside-hours", "clock-back")
MENDED = (*WINDOWS, "other-card-off", "policy-early")


@given(SALES, HISTORIES, AMOUNTS, POLICIES, SEEN, WANTED, st.timedeltas(timedelta(0), timedelta(days=60)))
def test_what_is_refused_does_not_become_allowed_by_waiting(the_sale, history, minor, policy, seen, flags, later):
    known = past(history, **seen)

    def at(when):
        return decide(the_sale, of_policy(the_sale, history, minor, policy, when, **flags), known, policy)

    before, after = at(NOW), at(NOW + later)
    if before.kind is None and before.why not in MENDED:
        assert after.kind is None
    if before.kind is Kind.REFUND and after.kind is not None:
        assert after.kind is Kind.REFUND  # never a void again


@given(SALES, HISTORIES, AMOUNTS, POLICIES)
def test_what_may_not_be_given_back_at_all_is_decided_so(the_sale, history, minor, policy):
    """What is told before the form is filled in is true after it."""
    why = may_give_back(the_sale, past(history), NOW, policy)
    decision = decide(the_sale, of_policy(the_sale, history, minor, policy), past(history), policy)
    assume(why)
    assert (decision.kind, decision.why) == (None, why)
