"""Pictures of a refund: receipts, signatures, photos. Law: the chain has the digest, the table the bytes."""

from __future__ import annotations

import hashlib

import msgspec

from terminal.journal.owed import Rows, Write


class Attachment(msgspec.Struct, frozen=True):
    """`owner` is the id of an exchange or of an application; `kind` a word of who keeps it; `body` is its owner's."""

    digest: str  # SHA-256 of body, hex
    owner: str
    kind: str
    at: str
    body: bytes

    def __repr__(self) -> str:
        """Without its body."""
        return f"Attachment({self.kind} of {self.owner})"


class AttachmentBook:
    """Over the journal's own writing and reading."""

    def __init__(self, write: Write, rows: Rows) -> None:
        self._write, self._rows = write, rows

    async def keep(self, owner: str, kind: str, at: str, body: bytes) -> str:
        """Add one; its digest."""
        digest = hashlib.sha256(body).hexdigest()
        event = msgspec.json.encode({"owner": owner, "kind": kind, "sha256": digest})
        row = (digest, owner, kind, at, body)
        await self._write(
            [("attachment", event)],
            lambda db: db.execute("INSERT OR REPLACE INTO attachment VALUES (?, ?, ?, ?, ?)", row),
        )
        return digest

    async def of(self, owner: str) -> list[Attachment]:
        """Oldest first."""
        rows = await self._rows("SELECT * FROM attachment WHERE owner = ? ORDER BY rowid", owner)
        return [msgspec.convert(dict(zip(Attachment.__struct_fields__, row, strict=True)), Attachment) for row in rows]
