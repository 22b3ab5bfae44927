"""The device in the cardholder's hands (refund.md 2, 11). Law: he does what he is asked; a code ends it.

| from                        | while it lasts                          | until                                      |
|-----------------------------|-----------------------------------------|--------------------------------------------|
| a PIN is typed, or he signs | digits, confirm, clear, cancel, the pad | the operator's code, or a supervisor's     |

Only where the shop hands one device over: it has glass, and the policy says so. It is handed back once, after the last
thing that the holder does, whichever way the dialogue ended; papers come out after that, when the cashier holds it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from terminal.dialogue.desk import Cancelled, TimedOut
from terminal.dialogue.refund_form import fee_rows
from terminal.dialogue.room import Room
from terminal.dialogue.screen_lock import opened
from terminal.exchange.stages import Accepted
from terminal.journal.store import JournalFailed
from terminal.screens import Sheet, say


@asynccontextmanager
async def in_customers_hands(room: Room) -> AsyncIterator[None]:
    """Within it only cancel, digits of a PIN and the signature pad work; leaving it asks the operator's code."""
    hand_over(room)
    try:
        yield
    except Exception:
        await hand_back(room)
        raise
    await hand_back(room)


def hand_over(room: Room) -> None:
    """From now on the cardholder may have it."""
    room.desk.is_shut |= room.desk.has_glass and room.policy.is_handed_over


async def hand_back(room: Room) -> None:
    """Nothing but this until a code is right; at once where it was not handed over."""
    if room.desk.is_shut:
        await opened(room, say("customer.give_back"), say("customer.line"))


async def fees_shown(room: Room, stage: Accepted) -> None:
    """The breakdown of a refund with costs, before he signs it (G3); what he made of it is recorded."""
    fees = stage.request.fee_sheet
    if fees is None or not (fees.kept_cost + fees.handling_fee).minor:
        return
    answer = "agreed"
    sheet = Sheet(say("customer.check"), fee_rows(fees), (say("customer.check.line"),), hint=say("hint.holder"))
    try:
        await room.desk.agree(sheet)
    except Cancelled:
        answer = "left"
    except TimedOut:
        answer = "silent"
    with contextlib.suppress(JournalFailed):  # said by who needs the journal next; the money is over
        await room.journal.record("fees-shown", {"id": stage.request.id, "answer": answer})
