"""Sales, what became of what was given back of them, and policies: as tests of the rules draw them."""

from datetime import datetime, timedelta

from hypothesis import strategies as st

from terminal.exchange.request import CardOnFile, FeeSheet, Original, Request, Terms
from terminal.exchange.stages import Accepted, AwaitingReply, GivenUp, NotSent, Refused, Reversed, Reversing, Unknown
from terminal.iso8583.answers import Reply
from terminal.iso8583.kinds import Kind, Silence
from terminal.money import Money
from terminal.refund.fees import fee_sheet
from terminal.refund.policy import Past, Wanted
from terminal.refund.rules import (
    DOCUMENTS,
    REASONS,
    Documents,
    Fee,
    Level,
    NoRecord,
    OtherCard,
    Policy,
    Reason,
    Rule,
    Tier,
    Velocity,
)
from terminal.refund.sale import Origin, Sale, sold_here
from terminal.refund.velocity import Seen

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
CARD = CardOnFile("digest", "fingerprint", "625000******0001", "I")
TERMS = Terms(Silence.QUERY)
STAGES = (Accepted, Refused, Unknown, NotSent, Reversed, Reversing, AwaitingReply, GivenUp)
OPEN = (Unknown, Reversing, AwaitingReply, GivenUp)
NOTHING_GONE = (Refused, NotSent, Reversed)
SHEET = FeeSheet(Money(10_000))


def sale(minor=10_000, days_ago=0, batch="000001", kind=Kind.SALE, card=CARD, origin=Origin.HERE):
    at = (NOW - timedelta(days=days_ago, minutes=30)).isoformat()
    request = Request("000001-000001", kind, "000001", batch, Money(minor), at, "01", card, TERMS)
    found = sold_here(Accepted(request, Reply("0210", "00")))
    return found if origin is Origin.HERE else Sale(found.original, at, origin=origin)


def back(kind, minor, stage, seconds_ago=600, code="51"):
    original = Original("000001-000001", "000001", "000001", "1" * 12, "", "1123", Money(10_000))
    at = (NOW - timedelta(seconds=seconds_ago)).isoformat()
    request = Request("000001-000002", kind, "000002", "000001", Money(minor), at, "01", CARD, TERMS, original)
    made = {
        Accepted: lambda: Accepted(request, Reply("0230", "00")),
        Refused: lambda: Refused(request, code),
        Unknown: lambda: Unknown(request, "98"),
        NotSent: lambda: NotSent(request, "line"),
        Reversed: lambda: Reversed(request, "98"),
        Reversing: lambda: Reversing(request, "98", 3),
        AwaitingReply: lambda: AwaitingReply(request),
        GivenUp: lambda: GivenUp(request, "98"),
    }
    return made[stage]()


def wanted(the_sale, history=(), part=None, at=NOW, reason="returned", **more):
    sheet = fee_sheet(the_sale, history)
    part = None if part is None else Money(part)
    return Wanted(FeeSheet(sheet.original, sheet.refunded_before, part=part), reason, at, **more)


def past(history=(), batch="000001", application="", in_all=0, **seen):
    return Past(tuple(history), application, batch, in_all, Seen(**seen))


# --- drawn ----------------------------------------------------------------------------------------------------------
HISTORIES = st.lists(
    st.builds(
        back,
        st.sampled_from([Kind.REFUND, Kind.VOID]),
        st.integers(1, 6_000),
        st.sampled_from(STAGES),
        st.integers(0, 1000),
        st.sampled_from(["51", "12", "48"]),
    ),
    max_size=4,
)
AMOUNTS = st.integers(-5, 12_000)
LIMITS = st.integers(0, 12_000)
PAPERS = st.lists(st.sampled_from(DOCUMENTS), unique=True, max_size=3).map(tuple)
LEVELS = st.sampled_from(Level)
RULES = st.builds(Rule, st.integers(0, 12), LEVELS)
SUMS = st.builds(Rule, LIMITS, LEVELS)
TIERS = st.lists(st.integers(0, 9_000), unique=True, max_size=3).flatmap(
    lambda ends: st.tuples(
        *(st.builds(Tier, st.just(end), st.integers(0, 1000), st.integers(0, 500)) for end in [*sorted(ends), None])
    )
)
FEES = st.builds(
    lambda tiers, least, more: Fee(tiers, least, None if more is None else least + more),
    TIERS,
    st.integers(0, 500),
    st.none() | st.integers(0, 3000),
)
REASONS_DRAWN = st.builds(
    lambda first, rest: (first, *(Reason(id) for id in rest)),
    st.builds(Reason, st.just("returned"), PAPERS, st.sampled_from(["", "kept"]), st.booleans()),
    st.lists(st.sampled_from(REASONS[1:]), unique=True),
)
NO_RECORDS = st.builds(NoRecord, st.booleans(), PAPERS, st.integers(1, 12_000))
POLICIES = st.builds(
    Policy,
    is_refund_on=st.sampled_from([True, True, True, False]),
    days=st.integers(0, 40),
    cap=st.integers(1, 12_000),
    day_cap=st.integers(1, 30_000),
    supervisor_above=LIMITS,
    operator_day_cap=LIMITS,
    review_above=LIMITS,
    second_person_above=LIMITS,
    most_refunds=st.integers(1, 4),
    seconds_between=st.integers(0, 300),
    reasons=REASONS_DRAWN,
    documents=st.lists(st.builds(Documents, LIMITS, PAPERS.filter(bool)), max_size=3).map(tuple),
    fees=st.fixed_dictionaries({"kept": FEES}),
    typed_costs_permille=st.integers(0, 1000),
    velocity=st.builds(Velocity, RULES, SUMS, RULES, st.just(30), RULES, LEVELS),
    hours=st.sampled_from([(), ("09:00-22:00",) * 7, ("",) * 7, ("18:00-02:00",) * 7]),
    other_card=st.builds(OtherCard, st.booleans(), st.integers(0, 200), PAPERS),
    elsewhere=NO_RECORDS,
    naked=NO_RECORDS,
    pause_above=LIMITS,
)
SALES = st.builds(
    sale,
    days_ago=st.integers(0, 45),
    batch=st.sampled_from(["000001", "000002"]),
    kind=st.sampled_from([Kind.SALE, Kind.SALE, Kind.COMPLETION]),
    card=st.sampled_from([CARD, CardOnFile("digest", "fingerprint", "625000******0001", "M")]),
    origin=st.sampled_from([Origin.HERE, Origin.HERE, Origin.HERE, Origin.ELSEWHERE, Origin.NAKED]),
)
SEEN = st.fixed_dictionaries({"today": LIMITS, "hour": st.integers(0, 12), "shift": LIMITS, "card": st.integers(0, 12)})
