"""A stretch of commands to a card. Law: each has its deadline, for a mute card blocks PC/SC for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")
DEADLINE = 8.0  # seconds


async def timed(talk: Awaitable[T]) -> T:
    """Within the deadline of one stretch. Raises TimeoutError."""
    async with asyncio.timeout(DEADLINE):
        return await talk
