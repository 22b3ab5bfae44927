"""预授权: money held first and taken later (cup.md 2.16). Law: a hold is completed or released once, by its own card.

| entry             | original        | amount                     | card       | message    |
|-------------------|-----------------|----------------------------|------------|------------|
| hold              | –               | typed                      | read       | 0100, 10   |
| release           | a hold          | the hold's                 | read       | 0100, 11   |
| complete          | a hold          | typed, at most 115 % of it | read       | 0200, 20   |
| complete (notice) | a hold          | the same                   | read       | 0220, 24   |
| undo a completion | a completion    | the completion's           | on record  | 0200, 21   |
"""

from __future__ import annotations

import contextlib

from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.outcome import notice
from terminal.dialogue.presented import from_records
from terminal.dialogue.printing import print_outcome
from terminal.dialogue.ready import fit_for_money, no_factory_codes
from terminal.dialogue.room import Room
from terminal.dialogue.sale import charge
from terminal.dialogue.same_card import Same, card_of
from terminal.dialogue.wanted import wanted
from terminal.exchange.stages import Accepted
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from terminal.refund.holds import is_free, most
from terminal.refund.sale import original_of
from terminal.screens import Item, Row, Say, Sheet, say

ENTRIES = (Kind.PRE_AUTH, Kind.PRE_AUTH_VOID, Kind.COMPLETION, Kind.COMPLETION_NOTICE, Kind.COMPLETION_VOID)
TYPED = (Kind.COMPLETION, Kind.COMPLETION_NOTICE)
ORIGINALS = {Kind.COMPLETION_VOID: Kind.COMPLETION}  # all others name a hold


async def pre_authorisation(room: Room) -> None:
    """One of the five. Raises Cancelled, TimedOut, Stopped."""
    choices = [(kind, Item(say(f"kind.{kind.value}"))) for kind in ENTRIES]
    kind = await room.desk.choose(say("menu.pre_auth"), choices)
    if kind is Kind.PRE_AUTH:
        await charge(room, kind)
    else:
        await _follow(room, kind)


async def _follow(room: Room, kind: Kind) -> None:
    """What comes after a hold, or undoes its completion."""
    title = say(f"kind.{kind.value}")
    if kind is Kind.COMPLETION_VOID:
        await no_factory_codes(room)
    await fit_for_money(room)
    original = await _original(room, kind, title)
    amount = await _amount(room, title, original) if kind in TYPED else original.amount
    async with contextlib.aclosing(await _card(room, kind, title, original, amount)) as same:
        card = same.presented.card
        rows = (
            Row(say("row.amount"), f"¥{amount}", is_strong=True),
            Row(say("row.card"), card.masked_pan),
            Row(say("row.original"), original.request.id),
        )
        await room.desk.agree(Sheet(title, rows, hint=say("hint.send")))
        is_fallback = same.presented.is_fallback
        request = await wanted(room, kind, amount, card, original=original_of(original), is_fallback=is_fallback)
        stage = await same.carry_out(room, request)
    await print_outcome(room, stage, notice(stage, room))


async def _original(room: Room, kind: Kind, title: Say) -> Accepted:
    """A hold that is still free, or a completion of this batch that still stands. Raises Stopped."""
    wanted_kind, batch = ORIGINALS.get(kind, Kind.PRE_AUTH), await room.journal.batch()
    free = []
    for stage in await room.journal.accepted(wanted_kind):
        is_here = kind is not Kind.COMPLETION_VOID or stage.request.batch == batch
        if is_here and is_free(await room.journal.given_back(stage.request.id)):
            free.append((stage, _item(stage)))
    if not free:
        raise Stopped("hold-not-found" if wanted_kind is Kind.PRE_AUTH else "completion-not-found")
    return await room.desk.choose(title, free)


async def _amount(room: Room, title: Say, hold: Accepted) -> Money:
    limit = most(hold.amount)
    rows = (Row(say("row.held"), f"¥{hold.amount}"), Row(say("row.most"), f"¥{limit}"))
    amount = await room.desk.amount(title, say("hold.ask_amount"), rows)
    if amount.minor <= 0:
        raise Stopped("amount-zero")
    if amount > limit:
        raise Stopped("above-hold", most=str(limit))
    return amount


async def _card(room: Room, kind: Kind, title: Say, original: Accepted, amount: Money) -> Same:
    """The card of the original, read; or as it is on record. Raises Stopped(card-differs)."""
    if kind is Kind.COMPLETION_VOID:
        return Same(await from_records(room, original.request))
    return await card_of(room, title, original.request.card, amount, has_tap=kind is Kind.PRE_AUTH_VOID)


def _item(stage: Accepted) -> Item:
    request = stage.request
    when = f"{request.at[5:7]}/{request.at[8:10]} {request.at[11:16]}"
    return Item(f"¥{stage.amount}", f"{when} *{request.card.masked_pan[-4:]} #{request.stan}")
