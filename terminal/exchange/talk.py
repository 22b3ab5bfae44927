"""Several messages to one address, on one connection while it lasts. Law: only what may be said twice is said again.

A connection that broke while it was idle shows only at the next message. That message is then said once more on a new
connection to the same address: all that follows a request (reversal, inquiry, repeat, upload) may be said twice.
"""

from __future__ import annotations

from contextlib import AsyncExitStack

from terminal.exchange.acquirer import Acquirer, Unanswered
from terminal.iso8583.answers import Reply
from terminal.iso8583.message import Message
from terminal.ports import Connection

LOST = "line-lost"


class Talk:
    """`stack` closes its connections. `address` "" is any."""

    def __init__(self, acquirer: Acquirer, address: str = "") -> None:
        self._acquirer, self.address = acquirer, address
        self.stack = AsyncExitStack()
        self._connection: Connection | None = None
        self._is_fresh = True

    async def connect(self) -> str:
        """To where this talk belongs; the address. Raises LinkDown."""
        self._connection = await self._acquirer.connect(self.stack, self.address)
        self._is_fresh, self.address = True, self._connection.address
        return self.address

    async def ask(self, message: Message) -> Reply:
        """Raises LinkDown, Unanswered."""
        if self._connection is None:
            await self.connect()
        if self._is_fresh:
            return await self._once(message)
        try:
            return await self._once(message)
        except Unanswered as error:
            if error.fault != LOST:
                raise
        await self.connect()
        return await self._once(message)

    async def _once(self, message: Message) -> Reply:
        assert self._connection is not None
        self._is_fresh = False
        try:
            return await self._acquirer.ask(self._connection, message)
        except Unanswered as error:
            if error.fault == LOST:
                self._connection = None
            raise
