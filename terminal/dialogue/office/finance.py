"""财务处理: what a day or a shift came to; read, printed, taken away as files. Law: the journal's sums, to the fen.

An export is the supervisor's: totals and entries as CSV, and the whole as JSON for the desk above. A file is whole on
the medium or not there; on trouble it is said what to do, and confirm tries again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from os.path import commonprefix

from terminal.day_report import REFUNDS, DayReport, Follow, Part, Scope, Sums, day_report, encoded
from terminal.day_report_csv import entries_csv, totals_csv
from terminal.day_report_paper import moment, named, report_paper
from terminal.dialogue import bad_news
from terminal.dialogue.applications import now_of
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.office.pages import browse, come_back, read
from terminal.dialogue.office.search import ask_day
from terminal.dialogue.printing import print_receipt, shop, style
from terminal.dialogue.room import Room
from terminal.exchange.stages import Stage
from terminal.journal.report_book import ReportBook, Shift
from terminal.money import Money
from terminal.ports import Export, ExportFailed
from terminal.screens import Item, Notice, Row, Say, Tone, say

TITLE = say("office.finance")
PAGE = 9


async def finance(room: Room) -> None:
    """A day or a shift, and its report. Raises Cancelled, TimedOut, Stopped."""
    while True:
        choices: list[tuple[Callable[[], Awaitable[None]], Item]] = [
            (partial(_day, room, 0), Item(say("search.today"))),
            (partial(_day, room, 1), Item(say("search.yesterday"))),
            (partial(_other_day, room), Item(say("search.other_day"))),
            (partial(_shifts, room), Item(say("finance.shift"))),
        ]
        act = await room.desk.choose(TITLE, choices, say("finance.which"))
        await come_back(room, TITLE, act())


async def report_of_day(room: Room, day: date) -> DayReport:
    """As it stands now."""
    stages = await ReportBook(room.journal.rows).of_days(day.isoformat(), day.isoformat())
    return await _report(room, Scope("day", day.isoformat(), day.isoformat()), stages)


async def report_of_shift(room: Room, shift: Shift) -> DayReport:
    """As it stands now."""
    stages = await ReportBook(room.journal.rows).of_shift(shift)
    return await _report(room, Scope("shift", shift.began, shift.ended, shift.operator), stages)


async def _report(room: Room, scope: Scope, stages: list[Stage]) -> DayReport:
    merchant, book = room.config.merchant, ReportBook(room.journal.rows)
    back = [stage.request.id for stage in stages if stage.request.kind in REFUNDS]
    today, policy = room.hardware.clock.now().date(), room.policy
    follow = Follow(today, policy.arrival, room.calendar, await book.applications_of(back))
    scope = Scope(
        scope.kind,
        scope.first,
        scope.last,
        scope.operator,
        merchant.merchant_id,
        merchant.terminal_id,
        now_of(room),
        room.operator,
    )
    return day_report(scope, stages, follow)


# --- which -----------------------------------------------------------------------------------------------------------
async def _day(room: Room, days_ago: int) -> None:
    await tell_report(room, await report_of_day(room, room.hardware.clock.now().date() - timedelta(days=days_ago)))


async def _other_day(room: Room) -> None:
    await tell_report(room, await report_of_day(room, await ask_day(room, TITLE)))


async def _shifts(room: Room) -> None:
    book = ReportBook(room.journal.rows)

    async def page(after: Shift | None) -> list[tuple[Shift, Item]]:
        found = await (book.shifts(PAGE) if after is None else book.shifts(PAGE, after.first_seq))
        return [(shift, _shift_item(shift)) for shift in found]

    async def look(shift: Shift) -> None:
        await tell_report(room, await report_of_shift(room, shift))

    await browse(room, say("finance.shift"), await book.shift_count(), page, look)


def _shift_item(shift: Shift) -> Item:
    until = moment(shift.ended)[5:] if shift.ended else say("finance.now")
    return Item(
        say("people.number", id=shift.operator), say("finance.span", began=moment(shift.began)[5:], ended=until)
    )


# --- what is done with it --------------------------------------------------------------------------------------------
async def tell_report(room: Room, report: DayReport) -> None:
    """The sums, then their parts, paper and files until cancel. Raises Cancelled, TimedOut, Stopped."""
    await read(room, _title(report), sum_rows(report), hint=say("hint.parts"))
    parts = (
        ("finance.by_operator", "operator", report.by_operator),
        ("finance.by_reason", "reason", report.by_reason),
        ("finance.by_card", "card", report.by_card_kind),
    )
    acts: list[tuple[Callable[[], Awaitable[None]], Item]] = [
        *((partial(_part, room, label, part, found), Item(say(label))) for label, part, found in parts),
        (partial(_print, room, report), Item(say("finance.print"))),
        (partial(export, room, report), Item(say("finance.export"))),
    ]
    while True:
        act = await room.desk.choose(_title(report), acts)
        await come_back(room, TITLE, act())


def sum_rows(report: DayReport) -> list[Row]:
    """The report on a sheet, what is left last but for what is doubtful."""
    return [
        *_rows(report.sums),
        Row(say("finance.net"), _signed(report.net), is_strong=True),
        _row("finance.kept_costs", report.kept_costs.count, report.kept_costs.minor),
        _row("finance.handling_fees", report.handling_fees.count, report.handling_fees.minor),
        _row("finance.unknown", report.unknown.all.count, report.unknown.all.minor),
        _row("finance.pending", report.pending.all.count, report.pending.all.minor),
        _row("finance.late", report.late.count, report.late.minor),
    ]


async def _part(room: Room, label: str, part: str, parts: tuple[Part, ...]) -> None:
    if not parts:
        raise Stopped("nothing-found")
    rows = [
        row
        for each in parts
        for row in (Row(named(part, each.key), _signed(each.sums.net), is_strong=True), *_rows(each.sums, True))
    ]
    await read(room, say(label), rows)


async def _print(room: Room, report: DayReport) -> None:
    await print_receipt(room, report_paper(report, shop(room), style(room)))


async def export(room: Room, report: DayReport) -> None:
    """Raises Cancelled, TimedOut, Stopped; where a file could not be written, it was said, and nothing more was."""
    if room.hardware.export is None:
        raise Stopped("export-none")
    by = await room.staff.supervisor(say("finance.exports"), room.operator)
    files = files_of(report)
    done: list[str] = []
    for name, content in files.items():
        kept = await _put(room, room.hardware.export, name, content)
        if kept is None:
            break
        done.append(kept)
        digest = hashlib.sha256(content).hexdigest()
        await room.journal.record("exported", {"file": kept, "sha256": digest, "by": by, "operator": room.operator})
    if len(done) == len(files):
        stem = commonprefix(done)  # noqa: RUF071 - names, not paths
        endings = "  ".join(name.removeprefix(stem) for name in done)
        rows = (Row(say("finance.files", count=str(len(done))), stem), Row(say("finance.endings"), endings))
        await room.desk.tell(Notice(TITLE, Tone.OK, say("finance.exported"), (say("finance.exported.do"),), rows))


def files_of(report: DayReport) -> dict[str, bytes]:
    """By their names."""
    scope = report.scope
    made = "".join(char for char in scope.made_at[:19] if char.isdigit())
    stem = f"yuanlu-{scope.terminal_id}-{scope.kind}-{scope.first[:10]}-{made}"
    return {
        f"{stem}-totals.csv": totals_csv(report),
        f"{stem}-entries.csv": entries_csv(report),
        f"{stem}.json": encoded(report),
    }


async def _put(room: Room, export: Export, name: str, content: bytes) -> str | None:
    """Its name on the medium; None when it was given up."""
    while True:
        try:
            return await room.desk.work(TITLE, export.put(name, content), lambda: say("finance.exporting"))
        except ExportFailed as failed:
            if await bad_news.tell(room.desk, room.journal, f"export-{failed.why}", TITLE) != "enter":
                return None


def _title(report: DayReport) -> Say:
    scope = report.scope
    if scope.kind == "day":
        return say("finance.of_day", day=scope.first)
    return say("finance.of_shift", id=scope.operator, began=moment(scope.first)[5:])


def _rows(sums: Sums, only_some: bool = False) -> list[Row]:
    shares = (("finance.sales", sums.sales), ("finance.voids", sums.voids), ("finance.refunds", sums.refunds))
    return [_row(label, tally.count, tally.minor) for label, tally in shares if tally.count or not only_some]


def _signed(minor: int) -> str:
    return f"−¥{Money(-minor)}" if minor < 0 else f"¥{Money(minor)}"


def _row(label: str, count: int, minor: int) -> Row:
    return Row(say("finance.count", what=say(label), count=str(count)), f"¥{Money(minor)}")
