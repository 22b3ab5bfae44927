"""How it ended, in one word the merchant can trust. Law: 已受理 is not 已到账; nobody-knows is its own word."""

from __future__ import annotations

import msgspec

from terminal.dialogue.bad_news import CODES
from terminal.dialogue.findings import tell_overruled
from terminal.dialogue.room import Room
from terminal.exchange.events import CARD_LOST
from terminal.exchange.overruling import rests_on
from terminal.exchange.performer import Completion
from terminal.exchange.request import Request
from terminal.exchange.stages import (
    NOT_RECEIVED,
    Accepted,
    AwaitingReply,
    Completing,
    Connecting,
    GivenUp,
    NotSent,
    Refused,
    Reversed,
    Reversing,
    Stage,
    Unknown,
    Uploading,
    state,
)
from terminal.iso8583.kinds import Kind, Silence
from terminal.iso8583.response_codes import APPROVED, lookup
from terminal.key_facts import SealedPin
from terminal.refund.arrival import card_kind
from terminal.screens import Notice, Row, Say, Tone, say

WITH_MESSAGE = APPROVED - {"00"}
PROGRESS = {  # stage -> honest words while it lasts
    Connecting: "stage.connecting",
    AwaitingReply: "stage.awaiting-reply",
    Completing: "stage.completing",
    Reversing: "stage.reversing",
    Unknown: "stage.asking",
    Uploading: "stage.uploading",
}
TOLD = "given-up-told"


def progress(stage: Stage | None) -> Say:
    """What is going on, for the progress screen."""
    return say(PROGRESS.get(type(stage), "stage.recording") if stage is not None else "stage.recording")


def word(stage: Stage) -> Say:
    """The one word of a record; with it, that only people say so."""
    spoken = say(f"outcome.{state(stage)}")
    return spoken if rests_on(stage) is None else say("outcome.testified", outcome=spoken)


async def carry_out(
    room: Room, request: Request, sealed: bytes, completion: Completion | None = None, pin: SealedPin | None = None
) -> Stage:
    """The one call between dialogue and exchange, with its honest stages on the screen."""
    latest: list[Stage | None] = [None]
    work = room.runner.carry_out(request, sealed, completion, latest.append, pin)
    rows = (Row(say("row.amount"), f"¥{request.amount}", is_strong=True),)
    title = say(f"kind.{request.kind.value}")
    try:
        return await room.desk.work(title, work, lambda: progress(latest[-1]), rows)
    finally:
        await room.refresh_status()


def notice(stage: Stage, room: Room) -> Notice:
    """The result screen."""
    request = stage.request
    kind = say(f"kind.{request.kind.value}")
    amount = stage.amount if isinstance(stage, Accepted) else request.amount
    rows: tuple[Row, ...] = (
        Row(say("row.amount"), f"¥{amount}", is_strong=True),
        Row(say("row.card"), request.card.masked_pan),
        Row(say("row.voucher"), request.stan),
    )
    lines: tuple[Say, ...]
    match stage:
        case Accepted():
            return _accepted(stage, room, rows)
        case Refused(_, _, testimony) if testimony is not None:
            rows = (*rows, Row(say("testimony.number"), testimony.reference))
            lines = (say("result.testified_not.do"), say("testimony.rests"))
            return Notice(kind, Tone.LOOK, say("result.testified_not", kind=kind), lines, rows)
        case Refused(_, response_code):
            return refusal(kind, response_code, rows)
        case Reversed():
            rows = (*rows, Row(say("row.why"), say(f"fault.{stage.fault}")))
            rests = () if stage.testimony is None else (say("testimony.rests"),)
            lines = (say(f"{_family(request.kind)}.reversed.do", kind=kind), *rests)
            return Notice(kind, Tone.LOOK, say(f"{_family(request.kind)}.reversed", kind=kind), lines, rows)
        case NotSent():
            rows = (*rows, Row(say("desk.code"), CODES["line-down"]))
            lines = (say("result.not-sent.do"),)
            return Notice(kind, Tone.WRONG, say("result.not-sent"), lines, rows, topic="line-down")
        case GivenUp():
            rows = (*rows, Row(say("row.why"), say(f"fault.{stage.fault}")))
            lines = (say("result.given-up.not"), say("result.given-up.do"))
            return Notice(kind, Tone.UNKNOWN, say("result.unknown"), lines, rows, topic="unknown")
        case Unknown():
            rows = (*rows, Row(say("row.why"), say(f"fault.{stage.fault}")))
            asked = "result.unknown.do" if _is_asked(stage, room) else "result.unknown.by-hand"
            lines = (say("result.unknown.not"), say(asked))
            return Notice(kind, Tone.UNKNOWN, say("result.unknown"), lines, rows, topic="unknown")
        case Uploading():
            return Notice(kind, Tone.OK, say("result.stored"), (say("result.stored.do"),), rows)
        case _:  # a Reversing that is stuck
            rows = (*rows, Row(say("desk.code"), CODES["reversal-owed"]))
            lines = (say("result.reversing.do"),)
            return Notice(kind, Tone.UNKNOWN, say("result.reversing"), lines, rows, topic="reversal-owed")


async def tell_given_up(room: Room) -> None:
    """Each reversal whose card is lost, once: it holds up its own sale, and no longer the shop. Before it, loudly, what
    the acquirer says otherwise than people were told."""
    await tell_overruled(room)
    told = set(msgspec.json.decode(await room.journal.setting(TOLD, "[]"), type=list[str]))
    waiting = {
        stage.request.id: stage
        for stage in await room.journal.open_stages()
        if isinstance(stage, GivenUp) and stage.fault == CARD_LOST
    }
    for id in waiting.keys() - told:
        await room.desk.tell(notice(waiting[id], room))
        told = (told | {id}) & waiting.keys()
        await room.journal.remember(TOLD, msgspec.json.encode(sorted(told)).decode())


def refusal(title: Say, code: str, rows: tuple[Row, ...] = ()) -> Notice:
    """The acquirer said no: why, who must act, the next key (cup.md 4.10)."""
    why = say("result.refused", why=say(sentence(code), code=code))
    do = (say(f"{sentence(code)}.do", code=code),)
    if code != NOT_RECEIVED:  # that one is ours, and no code that anybody could be told
        rows = (*rows, Row(say("desk.code"), code))
    return Notice(title, Tone.WRONG, why, do, rows, topic=f"code-{code}")


def _accepted(stage: Accepted, room: Room, rows: tuple[Row, ...]) -> Notice:
    """A success that comes with a message (11, A2, A4-A6) says it too."""
    kind = stage.request.kind
    title, code = say(f"kind.{kind.value}"), stage.reply.response_code
    first, last = getattr(room.policy.arrival, card_kind(stage.request.card))
    lines = [say(f"{_family(kind)}.do", kind=title, first=str(first), last=str(last))]
    if code in WITH_MESSAGE:
        lines.append(say(f"code.{code}"))
    if stage.testimony is not None:
        lines.append(say("testimony.rests"))
        rows = (*rows, Row(say("testimony.number"), stage.testimony.reference))
    else:
        rows = (*rows, Row(say("row.rrn"), stage.reply.rrn))
    return Notice(title, Tone.OK, say(f"{_family(kind)}.accepted", kind=title), tuple(lines), rows)


def _family(kind: Kind) -> str:
    """The daily kinds have sentences of their own; the rest share one."""
    return f"result.{kind.value}" if kind in (Kind.SALE, Kind.VOID, Kind.REFUND) else "result.other"


def _is_asked(stage: Unknown, room: Room) -> bool:
    """The terminal itself goes on finding out."""
    silence = stage.request.terms.silence
    has_inquiry = silence is Silence.QUERY and room.acquirer.dialect.inquiry is not None
    return stage.fault != CARD_LOST and (has_inquiry or silence is Silence.REPEAT)


def sentence(code: str) -> str:
    """Listed codes have words of their own in ui/text (code.NN, code.NN.do); all others are code.other."""
    return f"code.{code}" if code == NOT_RECEIVED or lookup(code).is_listed else "code.other"
