"""A cardholder's PIN. Law: it becomes a PIN block at once and is kept nowhere; no PIN is an answer too (cup.md 3.3)."""

from __future__ import annotations

from terminal.dialogue.room import Room
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from terminal.screens import Row, Say, say

LEAST, MOST = 4, 12
TRIES = 3  # wrong PINs in a row, each with an F11 of its own (cup.md 4.10)


async def ask_pin(room: Room, title: Say, amount: Money | None, pan: str, *, is_again: bool = False) -> str:
    """F52 as hex, or "" when the cardholder has none. Raises Cancelled, TimedOut, KeyMissing, KeyRefused."""
    rows = (Row(say("row.amount"), f"¥{amount}", is_strong=True),) if amount is not None else ()
    lines = (say("pin.again"),) if is_again else (say("pin.none"),)
    while True:
        pin = await room.desk.digits(title, say("pin.ask"), (0, MOST), *lines, is_secret=True, rows=rows)
        if not pin:
            return ""
        if len(pin) >= LEAST:
            cipher = room.acquirer.dialect.choices.cipher
            return (await room.hardware.vault.pin_block(pin, pan, cipher)).hex().upper()
        lines = (say("pin.too_short", least=str(LEAST)),)


def is_asked(room: Room, kind: Kind) -> bool:
    """Whether this shop asks for a PIN with this kind of payment."""
    return kind in room.config.pin_for
