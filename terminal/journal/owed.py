"""Small things owed beside the money: script notices, signatures. Law: each change is in the chain, its body is not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import sqlite3

Write = Callable[[list[tuple[str, bytes]], "Callable[[sqlite3.Connection], object]"], Awaitable[None]]
Rows = Callable[..., Awaitable[list[tuple[object, ...]]]]
KEEP = (
    "INSERT INTO owed VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, id)"
    " DO UPDATE SET state = excluded.state, tries = excluded.tries, body = excluded.body"
)


class Owed(msgspec.Struct, frozen=True):
    """`kind` and `id` name it; `state` is owed, sent, refused or given-up; `body` is its owner's."""

    kind: str
    id: str
    state: str
    tries: int
    body: bytes

    def __repr__(self) -> str:
        """Without its body."""
        return f"Owed({self.kind} {self.id}, {self.state})"


class OwedBook:
    """Over the journal's own writing and reading."""

    def __init__(self, write: Write, rows: Rows) -> None:
        self._write, self._rows = write, rows

    async def keep(self, owed: Owed) -> None:
        """Add or change."""
        event = msgspec.json.encode({"kind": owed.kind, "id": owed.id, "state": owed.state, "tries": owed.tries})
        row = (owed.kind, owed.id, owed.state, owed.tries, owed.body)
        await self._write([("owed", event)], lambda db: db.execute(KEEP, row))

    async def all(self, kind: str, state: str) -> list[Owed]:
        """Oldest first."""
        rows = await self._rows("SELECT * FROM owed WHERE kind = ? AND state = ? ORDER BY rowid", kind, state)
        return [_owed(row) for row in rows]

    async def one(self, kind: str, id: str) -> Owed | None:
        rows = await self._rows("SELECT * FROM owed WHERE kind = ? AND id = ?", kind, id)
        return _owed(rows[0]) if rows else None


def _owed(row: tuple[object, ...]) -> Owed:
    return msgspec.convert(dict(zip(Owed.__struct_fields__, row, strict=True)), Owed, strict=False)
