"""The acquirer's daily file: whole or refused, and only what it can know is concluded from it."""

import contextlib
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.exchange import events as happened
from terminal.exchange.comparison import Finding, compared
from terminal.exchange.events import Reconciled
from terminal.exchange.reconciliation import FileRefused, ours, parsed
from terminal.exchange.request import CardOnFile, Request, Terms
from terminal.exchange.stages import Accepted, NotSent, Refused, Reversed, Unknown, Uploading
from terminal.iso8583.answers import Reply
from terminal.iso8583.facts import Identity
from terminal.iso8583.kinds import Kind, Silence
from terminal.money import Money

ME = Identity("10000001", "898100012345678")
LATER = date(2027, 3, 1)  # the days of every file here are over
HEAD = "#yuanlu-reconciliation,1,898100012345678,2026-11-23,2026-11-24"
COLUMNS = "terminal_id,batch,stan,kind,mti,amount,rrn,response_code,state,at,clearing_date,original_rrn"


def row(
    stan="000007",
    amount=4000,
    state="credited",
    code="00",
    terminal="10000001",
    kind="refund",
    at="2026-11-23T10:00:00",
):
    return f"{terminal},000001,{stan},{kind},0220,{amount},263270000009,{code},{state},{at},2026-11-23,"


def file(*rows, head=HEAD, end=None):
    total = sum(int(each.split(",")[5]) for each in rows)
    return "\n".join([head, COLUMNS, *rows, end or f"#end,{len(rows)},{total}"]) + "\n"


def refund(at="2026-11-23T10:00:00+08:00", minor=4000):
    card, terms = CardOnFile("d", "f", "621094******0003", "S"), Terms(Silence.QUERY)
    request = Request("000001-000007", Kind.REFUND, "000007", "000001", Money(minor), at, "01", card, terms)
    return Unknown(request, "98")


SAID = happened.Testimony("letter", "4711", "00", "02", "01", "2026-11-24T09:00:00+08:00")
REQUEST = refund().request
BOOKED, NOT_THERE, NO = (
    Reconciled(True, "00", "263270000009"),
    Reconciled(False),
    Reconciled(True, "61", "263270000009"),
)
ACCEPTED = Accepted(REQUEST, Reply("0230", "00", rrn="263270000009"))


def beside(text, *stages, today=LATER):
    return compared(ours(text, ME, today), {stage.request.id: stage for stage in stages}, ME)


def found(comparison):
    return [finding.what for finding in comparison.findings]


@pytest.mark.parametrize(("today", "told"), [(date(2026, 11, 24), 0), (date(2026, 11, 25), 1)])
def test_a_day_that_is_not_over_is_not_covered_whatever_the_head_says(today, told):
    assert len(beside(file(), refund(), today=today).told) == told


@pytest.mark.parametrize(
    ("stage", "text", "told", "findings"),
    [
        (ACCEPTED, file(row(state="approved")), [], []),
        (ACCEPTED, file(row(state="voided")), [], []),
        (ACCEPTED, file(row(state="refused", code="61")), [], ["not-booked"]),
        (ACCEPTED, file(row(state="reversed")), [], ["not-booked"]),
        (ACCEPTED, file(row(amount=3999)), [], ["altered"]),
        (ACCEPTED, file(row(at="2020-11-23T10:00:00")), [], ["altered"]),
        (ACCEPTED, file(), [], ["missing"]),
        (ACCEPTED, file(head=HEAD.replace("2026-11-24", "2026-11-23")), [], []),  # it may be in tomorrow's
        (ACCEPTED, file(row(kind="sale")), [], ["stranger", "missing"]),
        (Accepted(REQUEST, Reply("0230", "00"), testimony=SAID), file(row()), [BOOKED], []),
        (Accepted(REQUEST, Reply("0230", "00"), testimony=SAID), file(), [NOT_THERE], []),
        (Refused(REQUEST, "not-received", SAID), file(row()), [BOOKED], []),
        (Refused(REQUEST, "not-received", SAID), file(), [NOT_THERE], []),
        (Refused(REQUEST, "61"), file(row()), [BOOKED], []),
        (Refused(REQUEST, "61"), file(row(state="refused", code="61")), [NO], []),
        (Refused(REQUEST, "94"), file(row()), [BOOKED], ["booked"]),  # told, and not believed (overruling.py)
        (Refused(REQUEST, "61"), file(), [], []),
        (Reversed(REQUEST, "98"), file(row()), [], ["booked"]),
        (Reversed(REQUEST, "98"), file(row(state="reversed")), [], []),
        (NotSent(REQUEST, "line"), file(row(state="approved")), [], ["booked"]),
        (Uploading(REQUEST), file(), [], []),
    ],
)
def test_a_file_beside_what_has_ended(stage, text, told, findings):
    comparison = beside(text, stage)
    assert [event for _, event in comparison.told] == told
    assert found(comparison) == findings


def test_a_request_that_this_terminal_never_made_is_a_stranger():
    comparison = beside(file(row(stan="000099"), row(stan="000098", terminal="10000002")))
    assert comparison.told == ()
    day = "2026-11-23"
    assert comparison.findings == (Finding("stranger", "000001", "000099", "refund", 4000, day, "263270000009"),)


@pytest.mark.parametrize(
    ("state", "kind", "is_there"),
    [
        ("credited", "refund", True),
        ("pending", "refund", False),
        ("approved", "refund", False),
        ("approved", "void", True),
    ],
)
def test_only_what_the_bank_calls_credited_is(state, kind, is_there):
    request = msgspec.structs.replace(REQUEST, kind=Kind(kind))
    accepted = msgspec.structs.replace(ACCEPTED, request=request)
    credited = beside(file(row(state=state, kind=kind)), accepted).credited
    assert credited == (("000001-000007",) if is_there else ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (file(row()), [Reconciled(True, "00", "263270000009")]),
        (file(row(state="pending")), [Reconciled(True, "00", "263270000009")]),
        (file(row(state="refused", code="61")), [Reconciled(True, "61", "263270000009")]),
        (file(row(state="reversed")), [Reconciled(False)]),
        (file(row(amount=3999)), []),
        (file(row(state="refused", code="00")), []),  # approved, then refused in clearing: a person must look
        (file(row(at="2020-11-23T10:00:00")), []),  # the same numbers of another year
        (file(row(terminal="10000002")), [Reconciled(False)]),
        (file(row(kind="sale")), [Reconciled(False)]),
        (file(), [Reconciled(False)]),
        (file(head=HEAD.replace("2026-11-24", "2026-11-23")), []),  # the day after is not in it
        (file(head=HEAD.replace("2026-11-23", "2026-11-24")), []),  # its own day is not
    ],
)
def test_what_a_file_says_of_an_unknown_refund(text, said):
    assert beside(text, refund()).told == tuple(("000001-000007", event) for event in said)


def test_a_refund_of_the_last_minute_may_be_cleared_on_the_next_day():
    late = refund("2026-11-24T23:59:59+08:00")
    assert beside(file(), late).told == ()
    assert not parsed(file()).covers(date(2026, 11, 24))


def test_the_file_of_another_merchant_is_refused():
    with pytest.raises(FileRefused, match="another merchant"):
        ours(file(row(), head=HEAD.replace("8981", "8982")), ME, LATER)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 0),
        (file(row()).replace("#yuanlu", "#other"), 1),
        (file(row(), head=HEAD.replace("2026-11-24", "24.11.2026")), 1),
        (file(row()).replace("stan,", "F11,"), 2),
        (file(row()).replace(",refund,", ",refund,x,"), 3),
        (file(row(state="maybe")), 3),
        (file(row(), row(state="refused", code="12")), 4),  # two words on one request
        (file(row(at="yesterday")), 3),
        (file(row()).replace(",4000,", "," + "9" * 13 + ","), 3),
        (file(row()).replace("credited", "credited" + " " * 400), 1),
        (file(row(), end="#end,1,3999"), 4),
        (file(row(), end="#end,2,4000"), 4),
        ("\n".join(file(row()).splitlines()[:-1]), 3),
    ],
)
def test_a_file_that_is_not_whole_is_refused_with_its_line(text, line):
    with pytest.raises(FileRefused) as refused:
        parsed(text)
    assert refused.value.line == line


@given(st.text(max_size=300) | st.builds(lambda cut: file(row(), row(stan="000008"))[:cut], st.integers(0, 400)))
def test_garbage_and_cut_files_raise_nothing_else(text):
    with contextlib.suppress(FileRefused):
        assert len(parsed(text).rows) == 2
