"""早间清单: what is left of the days before, at the first log-in of a day. Law: a line leads somewhere; none: no list.

| line                                             | its digit leads to                          |
|--------------------------------------------------|---------------------------------------------|
| the bank's file and our books differ             | each of them, until it is seen              |
| nobody knows, from before today                  | 退款追踪, those                             |
| late at the cardholder's                         | 退款追踪, those                             |
| waiting longer than the policy's nag_hours       | 待审核                                      |
| signatures not uploaded, from before today       | uploading them; what is refused, on paper   |
| the batch has sales from before today            | 结算                                        |
| refunds of the last day with any, by operator    | their counts and sums                       |

A day is the terminal's. The list counts as seen when it is left, so the power may fail before that. At every other
log-in only applications that wait too long are said.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from terminal.dialogue.applications import now_of
from terminal.dialogue.approval import overdue, review_queue
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.desk import Cancelled
from terminal.dialogue.findings import show, tell_overruled, unseen
from terminal.dialogue.printing import print_receipt, print_unsent_signatures, shop, style
from terminal.dialogue.room import Room
from terminal.dialogue.settlement import settle
from terminal.dialogue.tracker import track_late, track_unknown, tracked
from terminal.exchange.signatures import KIND as SIGNATURE
from terminal.exchange.signatures import OWED, send_signatures
from terminal.journal.journal import GIVEN_BACK
from terminal.money import Money
from terminal.morning_paper import Waiting, morning_paper
from terminal.screens import Item, Notice, Row, Say, Sheet, Tone, say

TITLE = say("morning.title")
ONE_BY_ONE = ("morning.unknown", "morning.late")  # lines whose refunds the paper names
SETTING = "morning"  # the day whose list was seen
Look = Callable[[Room], Awaitable[None]]


class Line(msgspec.Struct, frozen=True):
    """What is left, and where it is dealt with."""

    words: Say
    look: Look


async def morning(room: Room) -> None:
    """After a log-in: first what the bank says otherwise, then the list or the reminder. Raises TimedOut."""
    await tell_overruled(room)
    today = _today(room)
    if await room.journal.setting(SETTING, "") == today:
        return await _remind(room)
    await _list(room)
    await room.journal.remember(SETTING, today)
    return None


async def _list(room: Room) -> None:
    while lines := await left_over(room):
        looks = [*((line.look, line.words) for line in lines), (_print, say("morning.print"))]
        try:
            look = await room.desk.choose(TITLE, [(look, Item(words)) for look, words in looks], say("morning.leave"))
        except Cancelled:
            return
        with suppress(Cancelled, Stopped):  # nothing there any more: the list says so
            await look(room)


async def _print(room: Room) -> None:
    """Refunds one by one, and what else is left."""
    waiting = [Waiting(one.stage, one.due, one.is_late) for one in await tracked(room)]
    others = [line.words for line in await left_over(room) if line.words.id not in ONE_BY_ONE]
    paper = morning_paper(waiting, others, room.operator, shop(room), style(room), now_of(room))
    await print_receipt(room, paper)


async def left_over(room: Room) -> list[Line]:
    """The lines that there are, in the order of the table."""
    today = _today(room)
    waiting = await tracked(room)
    unknown = [one for one in waiting if one.due is None and one.stage.request.at[:10] < today]
    late = [one for one in waiting if one.is_late]
    found: list[tuple[int, str, Look]] = [
        (len(await unseen(room)), "morning.findings", _findings),
        (len(unknown), "morning.unknown", track_unknown),
        (len(late), "morning.late", track_late),
        (len(await overdue(room)), "morning.reviews", review_queue),
        (await _unsent(room, today), "morning.signatures", _signatures),
        (await _unsettled(room, today), "morning.settlement", settle),
    ]
    lines = [Line(say(id, count=str(count)), look) for count, id, look in found if count]
    return [*lines, *await _refunds_line(room, today)]


async def _remind(room: Room) -> None:
    """Applications that wait too long are said at each log-in; confirm goes to them."""
    aged = await overdue(room)
    if not aged:
        return
    lines = (say("morning.nag", id=aged[0].id, at=aged[0].at[5:16].replace("T", " ")),)
    head, hint = say("morning.reviews", count=str(len(aged))), say("morning.nag.hint")
    if await room.desk.tell(Notice(TITLE, Tone.LOOK, head, lines, hint=hint), 30.0) == "enter":
        await review_queue(room)


async def _findings(room: Room) -> None:
    for finding in await unseen(room):
        await show(room, finding)


async def _signatures(room: Room) -> None:
    sending = send_signatures(room.journal, room.acquirer, room.config.merchant.name)
    await room.desk.work(TITLE, sending, lambda: say("settlement.signatures"))
    await print_unsent_signatures(room)


async def _unsent(room: Room, today: str) -> int:
    stages = [await room.journal.exchange(owed.id) for owed in await room.journal.owed.all(SIGNATURE, OWED)]
    return sum(stage is not None and stage.request.at[:10] < today for stage in stages)


async def _unsettled(room: Room, today: str) -> int:
    """Exchanges of days before in the open batch, where the acquirer settles at all."""
    if "settlement" not in room.acquirer.dialect.offers:
        return 0
    rows = await room.journal.rows(
        "SELECT count(*) FROM exchange WHERE batch = ? AND day < ? AND state = 'accepted'",
        await room.journal.batch(),
        today,
    )
    return int(str(rows[0][0]))


async def _refunds_line(room: Room, today: str) -> list[Line]:
    """Of the last day before today on which money moved; nothing when none of it went back."""
    day = str((await room.journal.rows("SELECT max(day) FROM exchange WHERE day < ?", today))[0][0] or "")
    rows = await room.journal.rows(
        "SELECT operator, count(*), sum(amount) FROM exchange WHERE day = ?"  # noqa: S608 - our own words
        f" AND kind IN ({GIVEN_BACK}) AND state NOT IN ('refused', 'not-sent', 'reversed')"
        " GROUP BY operator ORDER BY operator",
        day,
    )
    if not rows:
        return []
    shown = tuple(
        Row(say("morning.operator", id=str(id), count=str(count)), f"¥{Money(int(str(total)))}")
        for id, count, total in rows
    )

    async def look(room: Room) -> None:
        await room.desk.agree(Sheet(say("morning.refunds_of", day=day), shown, hint=say("hint.any")))

    count = sum(int(str(row[1])) for row in rows)
    return [Line(say("morning.refunds", count=str(count), day=f"{day[5:7]}/{day[8:10]}"), look)]


def _today(room: Room) -> str:
    return room.hardware.clock.now().date().isoformat()
