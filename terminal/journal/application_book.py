"""Applications for refunds on disk. Law: each step is in the chain with the whole value; the table is the newest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from terminal.journal.owed import Rows, Write
from terminal.journal.store import JournalFailed
from terminal.refund.application import OPEN, Application, State

NUMBER = "application"  # the setting that holds the last id
_decode = msgspec.json.Decoder(Application).decode


class ApplicationBook:
    """Over the journal's own writing and reading."""

    def __init__(self, write: Write, rows: Rows) -> None:
        self._write, self._rows, self._numbers = write, rows, asyncio.Lock()

    async def keep(self, application: Application) -> None:
        """Add or change; one commit."""
        body = msgspec.json.encode(application)
        row = (
            application.id,
            application.state.value,
            application.sale.id,
            application.exchange_id,
            application.requester,
            application.amount.minor,
            application.at,
            application.at[:10],
            body,
        )
        await self._write(
            [("application", body)],
            lambda db: db.execute("INSERT OR REPLACE INTO application VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row),
        )

    async def next_id(self) -> str:
        """Six digits, taken for good before it is used."""
        async with self._numbers:
            rows = await self._rows("SELECT value FROM setting WHERE name = ?", NUMBER)
            taken = f"{int(str(rows[0][0])) + 1 if rows else 1:06d}"
            await self._write(
                [("setting", msgspec.json.encode({NUMBER: taken}))],
                lambda db: db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (NUMBER, taken)),
            )
            return taken

    async def one(self, id: str) -> Application | None:
        found = await self._where("id = ?", id)
        return found[0] if found else None

    async def of_sale(self, sale_id: str) -> list[Application]:
        """Oldest first."""
        return await self._where("sale_id = ?", sale_id)

    async def open_of_sale(self, sale_id: str, but: str = "") -> str:
        """The id of one that has not ended, `but` left out; "" for none."""
        return next((one.id for one in await self.of_sale(sale_id) if one.state in OPEN and one.id != but), "")

    async def of_exchange(self, exchange_id: str) -> Application | None:
        """The one that this exchange carried out."""
        found = await self._where("exchange_id = ?", exchange_id) if exchange_id else []
        return found[-1] if found else None

    async def in_state(self, states: Iterable[State], since: str = "") -> list[Application]:
        """Those made at `since` (ISO 8601) or later, oldest first."""
        names = [state.value for state in states]
        return await self._where(f"state IN ({','.join('?' * len(names))}) AND at >= ?", *names, since)

    async def recent(self, limit: int = 100) -> list[Application]:
        """Newest first."""
        rows = await self._rows("SELECT body FROM application ORDER BY at DESC, id DESC LIMIT ?", limit)
        return _decoded(rows)

    async def between(self, first: str, last: str) -> list[Application]:
        """Made on these days (YYYY-MM-DD) and those between, oldest first."""
        return await self._where("day BETWEEN ? AND ?", first, last)

    async def _where(self, clause: str, *arguments: object) -> list[Application]:
        rows = await self._rows(f"SELECT body FROM application WHERE {clause} ORDER BY at, id", *arguments)  # noqa: S608 - our own words
        return _decoded(rows)


def _decoded(rows: list[tuple[object, ...]]) -> list[Application]:
    try:
        return [_decode(row[0]) for row in rows if isinstance(row[0], bytes)]
    except msgspec.DecodeError as error:
        raise JournalFailed(f"an application in the journal cannot be read: {error}") from None
