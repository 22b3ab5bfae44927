"""What is wanted of the acquirer, as a Request. Law: F11 is taken here, and the terms are the dialect's of today."""

from __future__ import annotations

from typing import Any

from terminal.dialogue.room import Room
from terminal.exchange.request import CardOnFile, Request, terms
from terminal.iso8583.kinds import Kind
from terminal.money import Money


async def wanted(room: Room, kind: Kind, amount: Money, card: CardOnFile, stan: str = "", **more: Any) -> Request:
    """`more` are further fields of Request; `stan` "" takes a new one."""
    stan, batch = stan or await room.journal.next_stan(), await room.journal.batch()
    return Request(
        id=f"{batch}-{stan}",
        kind=kind,
        stan=stan,
        batch=batch,
        amount=amount,
        at=room.hardware.clock.now().isoformat(timespec="seconds"),
        operator=room.operator,
        card=card,
        terms=terms(room.acquirer.dialect, kind),
        **more,
    )
