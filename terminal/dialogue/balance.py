"""余额查询: what is on the card. Law: no money moves, and the answer is shown to the cardholder, kept nowhere."""

from __future__ import annotations

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.outcome import refusal
from terminal.dialogue.pin import ask_pin, is_asked
from terminal.dialogue.ready import asked_once, fit_for_money
from terminal.dialogue.room import Room
from terminal.dialogue.same_card import any_card
from terminal.iso8583.answers import Reply
from terminal.iso8583.facts import Facts, Plastic
from terminal.iso8583.kinds import Kind
from terminal.iso8583.message import mask_pan
from terminal.iso8583.messages import financial
from terminal.iso8583.response_codes import APPROVED
from terminal.key_facts import SealedPin
from terminal.money import Money
from terminal.screens import Notice, Row, Tone, say

TITLE = say("kind.balance")


async def ask_balance(room: Room) -> None:
    """The whole dialogue. Raises Cancelled, TimedOut, Stopped."""
    await fit_for_money(room)
    plastic = (await any_card(room, TITLE)).plastic
    pin = await ask_pin(room, TITLE, None, plastic.pan) if is_asked(room, Kind.BALANCE) else None
    reply = await room.desk.work(TITLE, _ask(room, plastic, pin), lambda: say("stage.awaiting-reply"))
    if reply.response_code not in APPROVED:
        await room.desk.tell(refusal(TITLE, reply.response_code))
        return
    if reply.balance is None:
        raise Stopped("no-balance")
    rows = (
        Row(say("row.card"), mask_pan(plastic.pan)),
        Row(say("row.balance"), f"¥{reply.balance}", is_strong=True),
    )
    await room.desk.tell(Notice(TITLE, Tone.OK, say("balance.is"), (say("balance.do"),), rows))


async def _ask(room: Room, plastic: Plastic, pin: SealedPin | None) -> Reply:
    acquirer, journal = room.acquirer, room.journal
    at = room.hardware.clock.now().isoformat(timespec="seconds")
    stan, batch = await journal.next_stan(), await journal.batch()
    facts = Facts(Kind.BALANCE, stan, batch, Money(0), operator=room.operator, at=at)
    sent = await acquirer.protected(plastic)
    return await asked_once(room, financial(acquirer.dialect, facts, sent, acquirer.me, pin))
