"""The acquirer's daily file: whole or refused, and only what it can know is concluded from it."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.exchange.events import Reconciled
from terminal.exchange.reconciliation import FileRefused, parsed, told
from terminal.exchange.request import CardOnFile, Request, Terms
from terminal.exchange.stages import Accepted, Unknown
from terminal.iso8583.answers import Reply
from terminal.iso8583.facts import Identity
from terminal.iso8583.kinds import Kind, Silence
from terminal.money import Money

ME = Identity("10000001", "898100012345678")
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
    assert told(parsed(text), [refund()], ME) == [("000001-000007", event) for event in said]


def test_only_what_is_open_is_spoken_of():
    accepted = Accepted(refund().request, Reply("0230", "00"))
    assert told(parsed(file(row())), [accepted], ME) == []


def test_a_refund_of_the_last_minute_may_be_cleared_on_the_next_day():
    late = refund("2026-11-24T23:59:59+08:00")
    assert told(parsed(file()), [late], ME) == []
    assert not parsed(file()).covers(date(2026, 11, 24))


def test_the_file_of_another_merchant_is_refused():
    with pytest.raises(FileRefused, match="another merchant"):
        told(parsed(file(row(), head=HEAD.replace("8981", "8982"))), [refund()], ME)


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
