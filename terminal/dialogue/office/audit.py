"""审计: what happened on this terminal, in plain words, newest first. Law: nothing is left out, and nothing added.

The state of the chain stands above: every event is proven by the one before it, or the first that is not is named.

| group        | kinds of events                                                             |
|--------------|-----------------------------------------------------------------------------|
| all          | every one; what no other group has is here                                  |
| the others   | GROUPS                                                                      |
"""

from __future__ import annotations

from functools import partial

from terminal.dialogue.office.audit_words import GROUPS, headline, in_short, rows_of
from terminal.dialogue.office.pages import Fetch, browse, come_back, read
from terminal.dialogue.office.search import ask_day
from terminal.dialogue.office.story import when
from terminal.dialogue.room import Room
from terminal.journal.report_book import LAST, Event, ReportBook, Span
from terminal.screens import Item, Row, Say, say

TITLE = say("office.audit")
PAGE, LONG = 6, 4  # on a page; of the sentences that were shown, which are long
ALL, TROUBLES, DAY = "all", "troubles", "day"


async def audit(room: Room) -> None:
    """Groups and days, then events. Raises Cancelled, TimedOut."""
    book, day = ReportBook(room.journal.rows), ""
    state = await room.desk.work(TITLE, _chain(room, book), lambda: say("audit.checking"))
    while True:
        names = (ALL, *GROUPS)
        choices = [(name, Item(say(f"audit.group.{name}"))) for name in names]
        chosen = await room.desk.choose(
            TITLE, [*choices, (DAY, Item(say("audit.day"), day or say("search.any")))], state
        )
        if chosen != DAY:
            await come_back(room, TITLE, _listed(room, book, chosen, day))
        elif day:
            day = ""
        else:
            day = (await ask_day(room, say("audit.day"))).isoformat()


async def _chain(room: Room, book: ReportBook) -> Say:
    broken = await room.journal.verify()
    if broken is not None:
        return say("audit.broken", seq=str(broken.seq), at=when(broken.at))
    return say("audit.whole", count=str(await book.event_count(Span())))


async def _listed(room: Room, book: ReportBook, group: str, day: str) -> None:
    kinds = GROUPS.get(group, ())
    span = await book.of_day(kinds, day) if day else Span(kinds)
    most = LONG if group == TROUBLES else PAGE

    async def page(after: Event | None) -> list[tuple[Event, Item]]:
        before = LAST if after is None else after.seq
        found = await book.events(span, most, before)
        return [(event, Item(headline(event) if most == LONG else in_short(event), when(event.at))) for event in found]

    fetch: Fetch[Event] = page
    await browse(room, say(f"audit.group.{group}"), await book.event_count(span), fetch, partial(_one, room), most)


async def _one(room: Room, event: Event) -> None:
    seq = Row(say("audit.seq"), str(event.seq))
    await read(room, TITLE, [seq, Row(say("row.at"), when(event.at)), *rows_of(event)], headline(event))
