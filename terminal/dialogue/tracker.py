"""退款追踪: what is on its way to the cardholder, and when it should arrive (guide G12). Law: a span, never a promise.

| found                             | order | ends by                                                             |
|-----------------------------------|-------|---------------------------------------------------------------------|
| accepted, its last day is over    | first | the bank's file, or the cardholder who says that he has it          |
| nobody knows                      | then  | an answer, the bank's file, two people (terminal/dialogue/testimony) |
| accepted, not yet credited        | last  | as the first                                                        |

Each newest first. Voids are not followed: nothing arrives, the sale disappears.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date

import msgspec

from terminal.bank_line import bank_line, bank_paper, bank_rows
from terminal.dialogue.applications import now_of
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.daily_file import close_credited
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.follow_up import ask_about
from terminal.dialogue.outcome import notice, progress, word
from terminal.dialogue.printing import print_outcome, print_receipt, shop, style
from terminal.dialogue.ready import fit_to_ask
from terminal.dialogue.room import Room
from terminal.dialogue.testimony import testify
from terminal.exchange.overruling import rests_on
from terminal.exchange.stages import Accepted, GivenUp, Stage, Unknown
from terminal.iso8583.kinds import Kind
from terminal.refund.application import Act, Application, State, moved
from terminal.refund.arrival import expected
from terminal.screens import Item, Row, Say, Sheet, say

TITLE = say("menu.tracker")
CARDHOLDER = "cardholder"  # why it counts as credited: he says so
AT_ONCE = 500


class Tracked(msgspec.Struct, frozen=True):
    """One that has not arrived. `due` is the first and the last day it should; None of what nobody knows."""

    stage: Stage
    application: Application | None = None
    due: tuple[date, date] | None = None
    is_late: bool = False

    @property
    def order(self) -> int:
        return 0 if self.is_late else 1 if self.due is None else 2


async def track(room: Room) -> None:
    """The list, one of it, what can be done about it, and the list again. Raises Cancelled, TimedOut, Stopped."""
    await _track(room, lambda one: True)


async def track_late(room: Room) -> None:
    """The same, only what is late."""
    await _track(room, lambda one: one.is_late)


async def track_unknown(room: Room) -> None:
    """The same, only what nobody knows."""
    await _track(room, lambda one: one.due is None)


async def _track(room: Room, is_wanted: Callable[[Tracked], bool]) -> None:
    found = [one for one in await tracked(room) if is_wanted(one)]
    if not found:
        raise Stopped("nothing-tracked")
    while found:
        late = sum(one.is_late for one in found)
        lines = (say("track.late", count=str(late)),) if late else ()
        one = await room.desk.choose(TITLE, [(each, _item(each)) for each in found], *lines)
        with suppress(Cancelled):
            await _detail(room, one)
        found = [one for one in await tracked(room) if is_wanted(one)]


async def tracked(room: Room) -> list[Tracked]:
    """Everything that has not arrived, in the order of the table."""
    open_ones = [stage for stage in await room.journal.open_stages() if isinstance(stage, Unknown | GivenUp)]
    by_exchange = room.journal.applications.of_exchange
    unknown = [Tracked(stage, await by_exchange(stage.request.id)) for stage in open_ones]
    found = [*unknown, *await _accepted(room)]
    newest = sorted(found, key=lambda one: (one.stage.request.at, one.stage.request.id), reverse=True)
    return sorted(newest, key=lambda one: one.order)


async def _accepted(room: Room) -> list[Tracked]:
    applications = {one.exchange_id: one for one in await room.journal.applications.in_state((State.ACCEPTED,))}
    ids, today = list(applications), room.hardware.clock.now().date()
    found: list[Tracked] = []
    for start in range(0, len(ids), AT_ONCE):
        for stage in await room.journal.stages(ids[start : start + AT_ONCE]):
            if isinstance(stage, Accepted) and stage.request.kind is not Kind.VOID:
                day = date.fromisoformat(stage.request.at[:10])
                due = expected(day, stage.request.card, room.policy.arrival, room.calendar)
                found.append(Tracked(stage, applications[stage.request.id], due, today > due[1]))
    return found


async def _detail(room: Room, one: Tracked) -> None:
    """Its story, then what can be done. Raises Cancelled."""
    await room.desk.agree(Sheet(TITLE, (*_facts(one), *_story(one)), hint=say("hint.track")))
    while True:
        actions = _actions(one)
        act = await room.desk.choose(TITLE, [(act, Item(say(label))) for act, label in actions])
        if await act(room, one):
            return


Action = Callable[[Room, Tracked], Awaitable[bool]]


def _actions(one: Tracked) -> list[tuple[Action, str]]:
    """Each returns whether the list is to be read anew."""
    is_unknown = isinstance(one.stage, Unknown)
    return [
        (_show_line, "track.line"),
        (_print_line, "track.print"),
        *([(_ask, "track.ask")] if is_unknown or rests_on(one.stage) is not None else []),
        *([(_testify, "track.testify")] if isinstance(one.stage, Unknown | GivenUp) else []),
        *([(_has_it, "track.has_it")] if one.due is not None else []),
    ]


async def _show_line(room: Room, one: Tracked) -> bool:
    """To be read out, then as a code to be photographed."""
    here = shop(room)
    title = say("track.line")
    await room.desk.agree(Sheet(title, bank_rows(one.stage, here), hint=say("hint.code_next")), 300.0)
    line = bank_line(one.stage, here)
    await room.desk.agree(Sheet(title, bank_rows(one.stage, here)[:1], hint=say("hint.any"), qr=line), 300.0)
    return False


async def _print_line(room: Room, one: Tracked) -> bool:
    await print_receipt(room, bank_paper(one.stage, shop(room), style(room)))
    return False


async def _ask(room: Room, one: Tracked) -> bool:
    title = say(f"kind.{one.stage.request.kind.value}")
    await fit_to_ask(room)
    after = await room.desk.work(title, ask_about(room, one.stage), lambda: progress(one.stage))
    await room.refresh_status()
    if type(after) is type(one.stage):
        await room.desk.tell(notice(after, room))
    else:
        await print_outcome(room, after, notice(after, room))
    return True


async def _testify(room: Room, one: Tracked) -> bool:
    assert isinstance(one.stage, Unknown | GivenUp)
    await testify(room, one.stage)
    return True


async def _has_it(room: Room, one: Tracked) -> bool:
    """The cardholder says so: nothing is looked for any more. Raises Cancelled."""
    assert one.application is not None
    await room.desk.agree(Sheet(TITLE, _facts(one), (say("track.has_it.sure"),)))
    now = await room.journal.applications.one(one.application.id)
    if now is not None and now.state is State.ACCEPTED:
        await room.journal.applications.keep(moved(now, Act.CREDIT, now_of(room), room.operator, CARDHOLDER))
        await close_credited(room)
    return True


def _item(one: Tracked) -> Item:
    request = one.stage.request
    args: dict[str, str | Say] = {"at": _day(request.at), "card": request.card.masked_pan[-4:]}
    if one.due is None:
        return Item(f"¥{request.amount}", say("track.item.unknown", outcome=word(one.stage), **args))
    id = "track.item.late" if one.is_late else "track.item"
    return Item(f"¥{one.stage.request.amount}", say(id, last=f"{one.due[1]:%m/%d}", **args))


def _facts(one: Tracked) -> tuple[Row, ...]:
    request, stage = one.stage.request, one.stage
    rrn = stage.reply.rrn if isinstance(stage, Accepted) else ""
    span = say("track.span", first=f"{one.due[0]:%m/%d}", last=f"{one.due[1]:%m/%d}") if one.due else None
    return (
        Row(say("row.amount"), f"¥{request.amount}", is_strong=True),
        Row(say("row.outcome"), say("track.overdue") if one.is_late else word(stage), is_strong=True),
        Row(say("row.card"), request.card.masked_pan),
        Row(say("row.at"), request.at[:16].replace("T", " ")),
        *([Row(say("row.rrn"), rrn)] if rrn else []),
        Row(say("row.voucher"), f"{request.batch}-{request.stan}"),
        *([Row(say("track.expected"), span)] if span is not None else []),
        *([Row(say("row.why"), say(f"fault.{stage.fault}"))] if isinstance(stage, Unknown | GivenUp) else []),
    )


def _story(one: Tracked) -> tuple[Row, ...]:
    """Who did what and when, as the application has it, and what it rests on."""
    marks = one.application.marks if one.application is not None else ()
    resting = rests_on(one.stage)
    return (
        *(
            Row(say(f"track.act.{mark.act.value}"), f"{_day(mark.at)} {mark.at[11:16]} {_who(mark.by)}")
            for mark in marks
        ),
        *(
            [Row(say("testimony.title"), f"{resting.supervisor} {resting.second} {resting.reference}")]
            if resting
            else []
        ),
    )


def _who(by: str) -> str:
    """A person's number; what was no person has none."""
    return by if by.isdigit() else ""


def _day(at: str) -> str:
    return f"{at[5:7]}/{at[8:10]}"
