"""One exchange from its beginning to its end, as the journal has it. Law: it only tells; messages stand there masked.

| part        | from                                                                             |
|-------------|----------------------------------------------------------------------------------|
| stages      | the chain, in order, with their times                                            |
| messages    | the chain: those with its F11, and the inquiries that name it                    |
| application | the form that it carried out, and who did what to it                             |
| relations   | of a sale: what was given back of it; of what gives back: the sale               |
| paper       | printed again; of one that is open it is asked first                             |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.office.applied import tell_application
from terminal.dialogue.office.audit_words import field
from terminal.dialogue.office.pages import browse, come_back, listed, read
from terminal.dialogue.office.search import TITLE, item
from terminal.dialogue.outcome import PROGRESS, word
from terminal.dialogue.records import again, facts
from terminal.dialogue.room import Room
from terminal.exchange.signatures import KIND as SIGNATURE
from terminal.exchange.stages import Accepted, NotSent, Refused, Stage
from terminal.iso8583.answers import INQUIRY
from terminal.journal.report_book import Event, ReportBook
from terminal.screens import Item, Row, Say, say

SIGNED = frozenset({"owed", "sent", "to-print", "on-paper"})  # terminal/exchange/signatures.py
_fields: msgspec.json.Decoder[dict[str, str]] = msgspec.json.Decoder(dict[str, str])


async def tell(room: Room, stage: Stage) -> None:
    """The facts, then its parts until cancel. Raises Cancelled, TimedOut, Stopped."""
    rows = (*await facts(room, stage), *await _signature(room, stage))
    await read(room, TITLE, rows, hint=say("hint.parts"))
    while True:
        part = await room.desk.choose(TITLE, [(part, Item(say(label))) for part, label in PARTS])
        stage = await room.journal.exchange(stage.request.id) or stage
        await come_back(room, TITLE, part(room, stage))


async def _stages(room: Room, stage: Stage) -> None:
    told = await ReportBook(room.journal.rows).stages_of(stage)
    await read(room, say("story.stages"), [_stage_row(event, one) for event, one in told])


async def _messages(room: Room, stage: Stage) -> None:
    found = await messages_of(ReportBook(room.journal.rows), stage)
    choices = [(event, _message_item(event)) for event in found]
    await browse(room, say("story.messages"), len(choices), listed(choices), partial(_message, room))


async def _message(room: Room, event: Event) -> None:
    said = _fields.decode(event.body)
    rows = [Row(say("story.type"), said.pop("what", "")), Row(say("row.at"), when(event.at))]
    rows += [Row(field(number), value) for number, value in said.items()]
    await read(room, say(f"story.{event.kind}"), rows)


async def _application(room: Room, stage: Stage) -> None:
    application = await room.journal.applications.of_exchange(stage.request.id)
    if application is None:
        raise Stopped("nothing-found")
    await tell_application(room, application)


async def _relations(room: Room, stage: Stage) -> None:
    """Both ways; each is told in its turn."""
    related = await room.journal.given_back(stage.request.id)
    if stage.request.original is not None:
        sale = await room.journal.exchange(stage.request.original.exchange_id)
        related = [*([sale] if sale is not None else []), *related]
    choices = [(one, item(one)) for one in related]
    await browse(room, say("story.relations"), len(choices), listed(choices), partial(tell, room))


async def messages_of(book: ReportBook, stage: Stage) -> list[Event]:
    """What was said and heard of it, oldest first: its own F11 (a reversal has it too, cup.md 2.10), and inquiries."""
    told = await book.stages_of(stage)
    if not told:
        return []
    first, last = told[0][0].seq, told[-1][0].seq
    request, kept, asked, is_ours = stage.request, [], "", False
    for event in await book.messages(await book.begun(request.id, first), last):
        said = _fields.decode(event.body)
        if event.kind != "unanswered":  # that is told of the message before it
            names_it = f"{request.batch}{request.stan}" in said.get("61", "")
            if event.kind == "sent" and (said.get("what"), said.get("3")) == INQUIRY and names_it:
                asked = said.get("11", "")
            is_ours = said.get("11") in (request.stan, asked)
        if is_ours:
            kept.append(event)
    return kept


def when(at: str) -> str:
    """A moment, to the second.

    >>> when("2026-11-23T10:00:00.125+08:00")
    '11-23 10:00:00'
    """
    return at[5:19].replace("T", " ")


async def _signature(room: Room, stage: Stage) -> list[Row]:
    if not isinstance(stage, Accepted):
        return []
    owed = await room.journal.owed.one(SIGNATURE, stage.request.id)
    state = owed.state if owed is not None and owed.state in SIGNED else "paper"
    return [Row(say("story.signature"), say(f"signature.{state}"))]


def _stage_row(event: Event, stage: Stage) -> Row:
    said: Say = say(PROGRESS[type(stage)]) if type(stage) in PROGRESS else word(stage)
    if (testimony := getattr(stage, "testimony", None)) is not None:
        by = f"{testimony.supervisor} {testimony.second}"
        said = say("story.with", what=said, more=say("story.testified", by=by))
    elif isinstance(stage, Refused):
        said = say("story.with", what=said, more=stage.response_code)
    elif isinstance(stage, Accepted) and stage.is_late:
        said = say("story.with", what=said, more=say("story.late_answer"))
    elif fault := "" if isinstance(stage, NotSent) else getattr(stage, "fault", ""):
        said = say("story.with", what=said, more=say(f"fault.{fault}"))
    is_that_day = event.at[:10] == stage.request.at[:10]
    return Row(say("story.at", at=event.at[11:19] if is_that_day else when(event.at)), said)


def _message_item(event: Event) -> Item:
    said = _fields.decode(event.body)
    if event.kind == "unanswered":
        fault = said.get("fault", "")
        return Item(say("story.unanswered"), say(f"fault.{fault}") if fault else "")
    code = said.get("39", "")
    detail = say("story.message_code", at=when(event.at), code=code) if code else say("story.at", at=when(event.at))
    return Item(say("story.message", way=say(f"story.{event.kind}"), mti=said.get("what", "")), detail)


PARTS: tuple[tuple[Callable[[Room, Stage], Awaitable[None]], str], ...] = (
    (_stages, "story.stages"),
    (_messages, "story.messages"),
    (_application, "story.application"),
    (_relations, "story.relations"),
    (again, "story.paper"),
)
