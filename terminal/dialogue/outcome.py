"""How it ended, in one word the merchant can trust. Law: 已受理 is not 已到账; nobody-knows is its own word."""

from __future__ import annotations

from terminal.dialogue.bad_news import CODES
from terminal.dialogue.room import Room
from terminal.exchange.request import Request
from terminal.exchange.runner import Completion
from terminal.exchange.stages import (
    Accepted,
    AwaitingReply,
    Completing,
    Connecting,
    NotSent,
    Refused,
    Reversed,
    Reversing,
    Stage,
    Unknown,
    state,
)
from terminal.iso8583.messages import Kind
from terminal.screens import Notice, Row, Say, Tone, say

# response codes with words of their own in ui/text (code.NN, code.NN.do); all others are code.other
SPOKEN_CODES = frozenset(
    [
        "01",
        "03",
        "04",
        "05",
        "12",
        "13",
        "14",
        "22",
        "25",
        "30",
        "40",
        "41",
        "43",
        "48",
        "49",
        "51",
        "54",
        "55",
        "57",
        "58",
        "61",
        "62",
        "64",
        "75",
        "77",
        "90",
        "91",
        "92",
        "94",
        "96",
        "97",
        "99",
        "A0",
    ]
)
PROGRESS = {  # stage -> honest words while it lasts
    Connecting: "stage.connecting",
    AwaitingReply: "stage.awaiting-reply",
    Completing: "stage.completing",
    Reversing: "stage.reversing",
    Unknown: "stage.asking",
}


def progress(stage: Stage | None) -> Say:
    """What is going on, for the progress screen."""
    return say(PROGRESS.get(type(stage), "stage.recording") if stage is not None else "stage.recording")


def word(stage: Stage) -> Say:
    """The one word of a record."""
    return say(f"outcome.{state(stage)}")


async def carry_out(room: Room, request: Request, sealed: bytes, completion: Completion | None = None) -> Stage:
    """The one call between dialogue and exchange, with its honest stages on the screen."""
    latest: list[Stage | None] = [None]
    work = room.runner.carry_out(request, sealed, completion, latest.append)
    rows = (Row(say("row.amount"), f"¥{request.amount}", is_strong=True),)
    title = say(f"kind.{request.kind.value}")
    try:
        return await room.desk.work(title, work, lambda: progress(latest[-1]), rows)
    finally:
        await room.refresh_status()


def notice(stage: Stage, room: Room) -> Notice:
    """The result screen."""
    request = stage.request
    title = say(f"kind.{request.kind.value}")
    rows: tuple[Row, ...] = (
        Row(say("row.amount"), f"¥{request.amount}", is_strong=True),
        Row(say("row.card"), request.card.masked_pan),
        Row(say("row.voucher"), request.stan),
    )
    lines: tuple[Say, ...]
    match stage:
        case Accepted():
            rows = (*rows, Row(say("row.rrn"), stage.reply.rrn))
            lines = (say("result.sale.do"),) if request.kind is Kind.SALE else (_arrival(request.kind, room),)
            return Notice(title, Tone.OK, say(f"result.{request.kind.value}.accepted"), lines, rows)
        case Refused(_, response_code):
            rows = (*rows, Row(say("desk.code"), response_code))
            return Notice(title, Tone.WRONG, _refusal(response_code), _refusal_lines(response_code), rows)
        case Reversed():
            lines = (say(f"result.{request.kind.value}.reversed.do"),)
            return Notice(title, Tone.LOOK, say(f"result.{request.kind.value}.reversed"), lines, rows)
        case NotSent():
            rows = (*rows, Row(say("desk.code"), CODES["line-down"]))
            return Notice(title, Tone.WRONG, say("result.not-sent"), (say("result.not-sent.do"),), rows)
        case Unknown():
            asked = "result.unknown.do" if room.config.line.has_inquiry else "result.unknown.by-hand"
            lines = (say("result.unknown.not"), say(asked))
            return Notice(title, Tone.UNKNOWN, say("result.unknown"), lines, rows)
        case _:  # a Reversing that is stuck
            rows = (*rows, Row(say("desk.code"), CODES["reversal-owed"]))
            return Notice(title, Tone.UNKNOWN, say("result.reversing"), (say("result.reversing.do"),), rows)


def _arrival(kind: Kind, room: Room) -> Say:
    if kind is Kind.VOID:
        return say("result.void.do")
    first, last = room.config.policy.arrival_days
    return say("result.refund.do", first=str(first), last=str(last))


def _refusal(code: str) -> Say:
    return say("result.refused", why=say(f"code.{code}" if _is_spoken(code) else "code.other", code=code))


def _refusal_lines(code: str) -> tuple[Say, ...]:
    return (say(f"code.{code}.do" if _is_spoken(code) else "code.other.do", code=code),)


def _is_spoken(code: str) -> bool:
    return code in SPOKEN_CODES or code == "not-received"
