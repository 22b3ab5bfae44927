"""What the journal has on a sale, its card and who asks: facts that a decision is made of. Law: read, not judged."""

from __future__ import annotations

from datetime import timedelta

from terminal.dialogue.codes import SENIOR
from terminal.dialogue.findings import is_not_booked
from terminal.dialogue.room import Room
from terminal.refund.policy import Past
from terminal.refund.sale import Sale
from terminal.refund.velocity import Seen

# who sent it or who asked for it: a colleague who presses the keys makes them no fewer
BY = "(operator = ? OR id IN (SELECT exchange_id FROM application WHERE requester = ? AND day >= ?))"


async def past_of(room: Room, sale: Sale, operator: str, but: str = "") -> Past:
    """`but` is an application that does not stand in its own way."""
    journal, now = room.journal, room.hardware.clock.now()
    day = now.date().isoformat()
    _, today = await journal.refunded("day = ?", day)
    return Past(
        tuple(await journal.given_back(sale.id)),
        await journal.applications.open_of_sale(sale.id, but),
        await journal.batch(),
        today,
        await _seen(room, sale, operator),
        await is_not_booked(room, sale.id, sale.kind),
    )


async def is_senior(room: Room, operator: str) -> bool:
    """Whether he has rank."""
    found = await room.staff.proof.find(operator)
    return found is not None and found.role == SENIOR


async def _seen(room: Room, sale: Sale, operator: str) -> Seen:
    journal, now = room.journal, room.hardware.clock.now()
    hour_ago = (now - timedelta(hours=1)).isoformat(timespec="seconds")
    days_ago = (now - timedelta(days=room.policy.velocity.card_days)).isoformat(timespec="seconds")
    who = (operator, operator, (now - timedelta(days=room.policy.application_days)).date().isoformat())
    _, today = await journal.refunded(f"{BY} AND day = ?", *who, now.date().isoformat())
    hour, _ = await journal.refunded(f"{BY} AND at > ?", *who, hour_ago)
    _, shift = await journal.refunded(f"{BY} AND at >= ?", *who, room.shift_began or hour_ago)
    cards = 0
    if sale.card is not None:
        cards, _ = await journal.refunded("fingerprint = ? AND at > ?", sale.card.fingerprint, days_ago)
    return Seen(today, hour, shift, cards)
