"""A report against the journal it is made of: random days, whose sums are added up once more from the chain."""

import csv
import hashlib
import io
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.day_report import COLUMNS, REFUNDS, SALES, VERSION, VOIDS, DayReport, Follow, Scope, day_report, encoded
from terminal.day_report_csv import cell, entries_csv, totals_csv
from terminal.day_report_paper import report_paper
from terminal.exchange.request import CardOnFile, FeeSheet, Original, Request, Terms
from terminal.exchange.stages import (
    Accepted,
    AwaitingReply,
    Connecting,
    GivenUp,
    NotSent,
    Refused,
    Reversed,
    Reversing,
    Unknown,
)
from terminal.iso8583.answers import Reply
from terminal.iso8583.cup import cup
from terminal.iso8583.dialect import Choices
from terminal.iso8583.kinds import Kind, Side, Silence
from terminal.journal.journal import Journal
from terminal.journal.report_book import ReportBook
from terminal.money import Money
from terminal.receipt import Pair
from terminal.refund.arrival import Calendar
from terminal.refund.rules import Arrival
from terminal.voucher import Shop, Style
from tests.virtual_time import VirtualClock, inline, run

DAY, NEXT = "2026-11-23", "2026-11-24"
TODAY = Follow(date(2026, 11, 23), Arrival(), Calendar())
AIDS = {"A000000333010101": "debit", "A000000333010102": "credit", "": "unknown"}
ENDS = {
    "accepted": lambda request: Accepted(request, Reply("0210", "00", rrn="091947145060")),
    "refused": lambda request: Refused(request, "51"),
    "not-sent": lambda request: NotSent(request, "line"),
    "reversed": lambda request: Reversed(request, "98"),
    "unknown": lambda request: Unknown(request, "98"),
    "given-up": lambda request: GivenUp(request, "98"),
    "awaiting": AwaitingReply,
    "reversing": lambda request: Reversing(request, "98", 1),
}
SHOP = Shop("测试商户", "898100012345678", "10000001", "95516", Arrival())


class Done(msgspec.Struct, frozen=True):
    """One exchange of a random history."""

    kind: Kind
    minor: int
    end: str
    reason: str
    cost: int
    fee: int
    aid: str
    day: str
    logs_in: str  # who logs in before it, "" for nobody


done = st.builds(
    Done,
    st.sampled_from([*Kind]) | st.sampled_from([Kind.SALE, Kind.VOID, Kind.REFUND]),
    st.integers(1, 10**8),
    st.sampled_from([*ENDS]) | st.just("accepted"),
    st.sampled_from(["returned", "other", ""]),
    st.integers(0, 999),
    st.integers(0, 999),
    st.sampled_from([*AIDS]),
    st.sampled_from([DAY, DAY, NEXT]),
    st.sampled_from(["", "", "01", "02"]),
)


def requested(number, one, operator):
    """The request of a Done; what gives back has a fee sheet."""
    stan, back = f"{number:06d}", one.kind in REFUNDS | VOIDS
    costs = FeeSheet(Money(10**9), Money(0), Money(one.cost), Money(one.fee))
    card = CardOnFile(hashlib.sha256(b"sealed").hexdigest(), "print", "625000******0001", "I", aid=one.aid)
    return Request(
        f"000001-{stan}",
        one.kind,
        stan,
        "000001",
        Money(one.minor),
        f"{one.day}T10:{number:02d}:00+08:00",
        operator,
        card,
        Terms(Silence.REVERSE),
        original=Original("000001-000000", "000000", "000001", "091947145000", "", "1123", Money(10**9))
        if back
        else None,
        fee_sheet=costs if back else None,
        reason=one.reason,
    )


async def lived(history):
    """A journal in which all of it happened."""
    journal, operator = Journal(Path(":memory:"), VirtualClock(), inline), "01"
    await journal.record("logged-in", {"operator": operator})
    for number, one in enumerate(history, 1):
        if one.logs_in:
            if number % 2:
                await journal.record("logged-out", {"operator": operator})
            operator = one.logs_in
            await journal.record("logged-in", {"operator": operator})
        request = requested(number, one, operator)
        await journal.begin(request, b"sealed")
        await journal.enter(Connecting(request))
        await journal.enter(ENDS[one.end](request))
    return journal


async def from_the_chain(journal, day):
    """The sums, from the last stage event of each exchange: plain JSON, plain additions."""
    last = {}
    for (body,) in await journal.rows("SELECT body FROM event WHERE kind = 'stage' ORDER BY seq"):
        stage = msgspec.json.decode(body)
        last[stage["request"]["id"]] = stage
    sums = dict.fromkeys(("sales", "voids", "refunds", "unknown", "kept", "fees"), 0)
    for stage in last.values():
        column = COLUMNS.get(Kind(stage["request"]["kind"]))
        if column is None or not stage["request"]["at"].startswith(day):
            continue
        sheet = stage["request"]["fee_sheet"]
        if stage["type"] == "accepted":
            sums[column] += stage["request"]["amount"]["minor"]
            if sheet:
                sums["kept"] += sheet["kept_cost"]["minor"]
                sums["fees"] += sheet["handling_fee"]["minor"]
        elif stage["type"] in ("unknown", "reversal-given-up"):
            sums["unknown"] += stage["request"]["amount"]["minor"]
    return sums


def of(report):
    return {
        "sales": report.sums.sales.minor,
        "voids": report.sums.voids.minor,
        "refunds": report.sums.refunds.minor,
        "unknown": report.unknown.all.minor,
        "kept": report.kept_costs.minor,
        "fees": report.handling_fees.minor,
    }


@settings(max_examples=150, deadline=None)
@given(st.lists(done, max_size=14))
def test_the_sums_are_those_of_the_journals_stages_whatever_happened(history):
    async def work():
        journal = await lived(history)
        book = ReportBook(journal.rows)
        try:
            days = [day_report(Scope("day", day, day), await book.of_days(day, day), TODAY) for day in (DAY, NEXT)]
            truth = [await from_the_chain(journal, day) for day in (DAY, NEXT)]
            shifts = [
                day_report(Scope("shift", each.began, each.ended), await book.of_shift(each), TODAY)
                for each in await book.shifts(99)
            ]
            return days, truth, shifts
        finally:
            await journal.close()

    days, truth, shifts = run(work())
    assert [of(report) for report in days] == truth
    for report in days:
        assert report.net == report.sums.sales.minor - report.sums.voids.minor - report.sums.refunds.minor
        for parts in (report.by_operator, report.by_card_kind):
            assert sum(part.sums.net for part in parts) == report.net
        given_back = report.sums.voids.minor + report.sums.refunds.minor
        assert sum(part.sums.all.minor for part in report.by_reason) == given_back
    assert sum(report.net for report in shifts) == sum(report.net for report in days)
    ids = [entry.id for report in shifts for entry in report.entries]
    assert sorted(ids) == sorted(entry.id for report in days for entry in report.entries)  # none twice, none left out


def test_each_kind_counts_where_the_acquirer_counts_it():
    forms = cup(Choices()).forms
    top_ups = {Kind.CASH_TOP_UP, Kind.CASH_TOP_UP_VOID}
    assert len(COLUMNS) == len(SALES) + len(VOIDS) + len(REFUNDS)  # none in two
    for kind in set(forms) - top_ups:
        column = COLUMNS.get(kind)
        side = {"sales": Side.DEBIT, "voids": Side.CREDIT, "refunds": Side.CREDIT, None: Side.NONE}[column]
        assert forms[kind].side is side, kind


def report_of(*history, today=TODAY):
    return day_report(
        Scope("day", DAY, DAY, made_at=f"{DAY}T20:00:00+08:00", made_by="01"),
        [ENDS[one.end](requested(number, one, "01")) for number, one in enumerate(history, 1)],
        today,
    )


SALE = Done(Kind.SALE, 10_000, "accepted", "", 0, 0, "A000000333010101", DAY, "")
BACK = Done(Kind.REFUND, 3_000, "accepted", "returned", 250, 50, "A000000333010101", DAY, "")


def test_what_is_late_is_late_from_the_day_after_the_last_expected():
    on_time, too_late = (Follow(day, Arrival(), Calendar()) for day in (date(2026, 11, 26), date(2026, 11, 27)))
    assert report_of(SALE, BACK, today=on_time).late.count == 0
    late = report_of(SALE, BACK, today=too_late)
    assert (late.late.count, late.late.minor, [entry.is_late for entry in late.entries]) == (1, 3000, [False, True])


def test_an_adjusted_sale_is_counted_once():
    sale = ENDS["accepted"](requested(1, SALE, "01"))
    tip = ENDS["accepted"](
        msgspec.structs.replace(
            requested(2, msgspec.structs.replace(SALE, kind=Kind.TIP, minor=12_000), "01"),
            original=Original(sale.request.id, "000001", "000001", "", "", "1123", Money(10_000)),
        )
    )
    report = day_report(Scope("day", DAY, DAY), [sale, tip], TODAY)
    assert (report.sums.sales.count, report.sums.sales.minor) == (1, 12_000)


def test_json_is_read_back_as_it_was_and_has_its_version():
    report = report_of(SALE, BACK)
    assert msgspec.json.decode(encoded(report), type=DayReport) == report
    assert msgspec.json.decode(encoded(report))["version"] == VERSION == 1


def test_csv_is_utf8_with_bom_and_to_the_fen():
    report = report_of(SALE, BACK)
    raw = totals_csv(report)
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = {(row["part"], row["key"]): row for row in csv.DictReader(io.StringIO(raw.decode("utf-8-sig")))}
    assert rows["day", f"{DAY} {DAY}"]["net"] == "70.00"
    assert rows["reason", "returned"]["refunds"] == "30.00"
    assert rows["kept_costs", ""]["refunds"] == "2.50"
    entries = list(csv.DictReader(io.StringIO(entries_csv(report).decode("utf-8-sig"))))
    assert [entry["amount"] for entry in entries] == ["100.00", "30.00"]
    assert entries[1]["rrn"].strip() == "091947145060"


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "-cmd|' /C calc'!A0"])
def test_no_cell_is_a_formula(text):
    assert cell(text).startswith("'")
    poisoned = report_of(msgspec.structs.replace(BACK, reason=text))
    for raw in (totals_csv(poisoned), entries_csv(poisoned)):
        for row in csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")):
            for value in row:
                assert not value.startswith(("=", "+", "@", "\r", "＝")), value
                assert not value.startswith("-") or float(value) <= 0


@given(st.text(max_size=12))
def test_a_cell_keeps_its_text(text):
    assert text in cell(text)


def test_paper_has_the_figures():
    lines = report_paper(report_of(SALE, BACK), SHOP, Style()).lines
    values = {
        line.label.id if line.label.id != "finance.count" else line.label.args["what"].id: line.value
        for line in lines
        if isinstance(line, Pair)
    }
    assert (values["finance.net"], values["finance.late"], values["finance.kept_costs"]) == ("70.00", "0.00", "2.50")
