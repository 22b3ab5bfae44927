"""按证据了结: what nobody knows, ended by two people with evidence. Law: nothing is sent; the bank's word overrules it.

what the bank said -> how it said it, and by what number -> one page -> supervisor's code -> a second person's -> ended

Neither of the two asked for the refund or sent it, and they are two. Who asks for this here may be one of them only if
he did neither. The evidence is digits: the number of the call, of the letter, of the line of a statement.
"""

from __future__ import annotations

from terminal.dialogue.applications import now_of
from terminal.dialogue.bad_news import tell
from terminal.dialogue.codes import OPERATORS
from terminal.dialogue.consent import one_more
from terminal.dialogue.daily_file import follow_exchange, owe_confirmation
from terminal.dialogue.outcome import notice
from terminal.dialogue.printing import print_outcome
from terminal.dialogue.room import Room
from terminal.exchange.events import HOW, Testified, Testimony
from terminal.exchange.overruling import rests_on
from terminal.exchange.stages import GivenUp, Stage, Unknown
from terminal.refund.application import Act
from terminal.screens import Item, Row, Say, Sheet, say

TITLE = say("testimony.title")
REFERENCE = (4, 20)  # digits: less than four is no number of anything


async def testify(room: Room, stage: Unknown | GivenUp) -> Stage:
    """The whole dialogue; how it ended. Raises Cancelled, TimedOut, Stopped: then nothing is said."""
    request, kind = stage.request, say(f"kind.{stage.request.kind.value}")
    answers = ((True, Item(say("testimony.accepted"))), (False, Item(say("testimony.not_received"))))
    is_accepted = await room.desk.choose(TITLE, answers, say("testimony.ask", kind=kind))
    how = await room.desk.choose(TITLE, [(how, Item(say(f"testimony.{how}"))) for how in HOW])
    reference = await room.desk.digits(TITLE, say(f"testimony.{how}.number"), REFERENCE, say("testimony.number_hint"))
    said = say("testimony.accepted") if is_accepted else say("testimony.not_received")
    await room.desk.agree(Sheet(TITLE, _rows(stage, said, how, reference), _warning(is_accepted, kind)))
    supervisor = await room.staff.supervisor(_why(said), request.operator)
    but = await _asked_for_it(room, stage) | {supervisor}
    second = await one_more(room, say("testimony.second"), OPERATORS, but, _why(said))
    testimony = Testimony(how, reference, supervisor, second, room.operator, now_of(room))
    await owe_confirmation(room, request.id)
    after = await room.runner.testify(request.id, Testified(is_accepted, testimony))
    await follow_exchange(room, request.id)
    await room.refresh_status()
    if rests_on(after) is None:
        await tell(room.desk, room.journal, "ended-meanwhile", TITLE)
    await print_outcome(room, after, notice(after, room))
    return after


async def _asked_for_it(room: Room, stage: Unknown | GivenUp) -> frozenset[str]:
    """Who sent it, and who handed its application in: another may have carried it out."""
    application = await room.journal.applications.of_exchange(stage.request.id)
    if application is None:
        return frozenset((stage.request.operator,))
    handed_in = (mark.by for mark in application.marks if mark.act is Act.SUBMIT)
    return frozenset((stage.request.operator, application.requester, *handed_in))


def _rows(stage: Stage, said: Say, how: str, reference: str) -> tuple[Row, ...]:
    request = stage.request
    return (
        Row(say("testimony.says"), said, is_strong=True),
        Row(say("row.amount"), f"¥{request.amount}"),
        Row(say("row.card"), request.card.masked_pan),
        Row(say("row.voucher"), f"{request.batch}-{request.stan}"),
        Row(say("testimony.how"), say(f"testimony.{how}")),
        Row(say("testimony.number"), reference),
    )


def _warning(is_accepted: bool, kind: Say) -> tuple[Say, ...]:
    """What follows from it, before two people put their names to it."""
    return (
        say("testimony.then_accepted", kind=kind) if is_accepted else say("testimony.then_not_received", kind=kind),
    )


def _why(said: Say) -> Say:
    return say("testimony.why", said=said)
