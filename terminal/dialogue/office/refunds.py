"""退款管理: every application for a refund, by where it is. Law: it is looked at here, and decided in the review queue.

| list     | what is in it                                                                           |
|----------|-----------------------------------------------------------------------------------------|
| waiting  | submitted, under review, returned: somebody must act                                     |
| approved | agreed to, and not carried out                                                           |
| unknown  | sent, and nobody knows how it ended                                                      |
| late     | accepted refunds that should be there by now, and are not said to be (tracker.py)        |
| all      | every one, newest first                                                                  |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from terminal.dialogue.office.applied import moment, tell_application
from terminal.dialogue.office.pages import Fetch, browse, come_back, listed
from terminal.dialogue.room import Room
from terminal.dialogue.tracker import tracked
from terminal.journal.report_book import ReportBook
from terminal.refund.application import SENT, WAITING, Application, State
from terminal.screens import Item, say

TITLE = say("office.refunds")
PAGE = 9
TO_ACT = (*WAITING, State.RETURNED)


async def refunds(room: Room, review: Callable[[Room], Awaitable[None]]) -> None:
    """`review` is the queue. Raises Cancelled, TimedOut, Stopped."""
    while True:
        lists = {
            "waiting": await room.journal.applications.in_state(TO_ACT),
            "approved": await room.journal.applications.in_state((State.APPROVED,)),
            "unknown": await room.journal.applications.in_state(SENT),
            "late": [one.application for one in await tracked(room) if one.is_late and one.application is not None],
        }
        total = await ReportBook(room.journal.rows).application_count()
        choices: list[tuple[Callable[[], Awaitable[None]], Item]] = [
            *(
                (partial(_some, room, found), Item(say(f"refunds.{name}"), str(len(found))))
                for name, found in lists.items()
            ),
            (partial(_all, room, total), Item(say("refunds.all"), str(total))),
            (partial(review, room), Item(say("refunds.review"))),
        ]
        act = await room.desk.choose(TITLE, choices)
        await come_back(room, TITLE, act())


def item(application: Application) -> Item:
    """One line of a list of applications."""
    return Item(
        f"¥{application.amount}",
        say(
            "refunds.item",
            id=application.id,
            state=say(f"applied.state.{application.state.value}"),
            at=moment(application.at)[5:].replace("-", "/"),
        ),
    )


async def _some(room: Room, found: list[Application]) -> None:
    choices = [(one, item(one)) for one in found]
    await browse(room, TITLE, len(choices), listed(choices), partial(tell_application, room))


async def _all(room: Room, total: int) -> None:
    book = ReportBook(room.journal.rows)

    async def page(after: Application | None) -> list[tuple[Application, Item]]:
        return [(one, item(one)) for one in await book.applications(PAGE, after)]

    fetch: Fetch[Application] = page
    await browse(room, TITLE, total, fetch, partial(tell_application, room))
