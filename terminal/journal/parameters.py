"""What the acquirer had the terminal download: CAPKs, AIDs, settings, blocked BINs. Law: a kind is replaced whole."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from terminal.journal.owed import Rows, Write


class Parameters:
    """Over the journal's own writing and reading."""

    def __init__(self, write: Write, rows: Rows) -> None:
        self._write, self._rows = write, rows

    async def replace(self, kind: str, values: Mapping[str, bytes]) -> None:
        """All of a kind at once; nothing of the old ones stays."""
        rows = [(kind, key, value) for key, value in values.items()]
        await self._write(
            [("parameters", msgspec.json.encode({"kind": kind, "count": len(rows)}))],
            lambda db: (
                db.execute("DELETE FROM parameter WHERE kind = ?", (kind,)),
                db.executemany("INSERT INTO parameter VALUES (?, ?, ?)", rows),
            ),
        )

    async def all(self, kind: str) -> dict[str, bytes]:
        rows = await self._rows("SELECT key, value FROM parameter WHERE kind = ? ORDER BY key", kind)
        return {str(key): value for key, value in rows if isinstance(value, bytes)}
