"""The settlement of a batch on disk: its stage, and each item of its upload. Law: answered is done, nothing else."""

from __future__ import annotations

import msgspec

from terminal.exchange.settling import Item, Settled, Settling, What
from terminal.journal.owed import Rows, Write

LAST_NUMBER = 999_999  # cup.md 4.3: N6, wraps to 1
DESTROY_CARDS = (  # those of open exchanges are still needed; so are those of a script notice not yet told
    "DELETE FROM sealed_card WHERE digest NOT IN (SELECT digest FROM exchange WHERE is_open"
    " UNION SELECT exchange.digest FROM exchange JOIN owed ON owed.id = exchange.id AND owed.state = 'owed')"
)
_settling: msgspec.json.Decoder[Settling] = msgspec.json.Decoder(Settling)


class Listed(msgspec.Struct, frozen=True):
    """An item in its place; `code` is F39 of its answer, "card-lost" for one that cannot be sent, or ""."""

    position: int
    item: Item
    code: str


class BatchBook:
    """Over the journal's own writing and reading."""

    def __init__(self, write: Write, rows: Rows) -> None:
        self._write, self._rows = write, rows

    async def enter(self, stage: Settling, items: list[Item] | None = None) -> None:
        """An open stage, and with it the items of the upload when they are first known."""
        body = msgspec.json.encode(stage)
        row = (stage.batch, 1, body)
        places = [
            (stage.batch, place, item.what.value, item.stan, msgspec.json.encode(item.exchange_ids), "")
            for place, item in enumerate(items or ())
        ]
        await self._write(
            [("settlement", body)],
            lambda db: (
                db.execute("INSERT OR REPLACE INTO settlement VALUES (?, ?, ?)", row),
                db.execute("DELETE FROM batch_item WHERE batch = ? AND ?", (stage.batch, items is not None)),
                db.executemany("INSERT OR REPLACE INTO batch_item VALUES (?, ?, ?, ?, ?, ?)", places),
            ),
        )

    async def close(self, stage: Settled) -> None:
        """In one commit: the batch has ended, the next one begins (cup.md 4.3), and card data that nothing is owed for
        any more is destroyed."""
        body, following = msgspec.json.encode(stage), f"{int(stage.batch) % LAST_NUMBER + 1:06d}"
        await self._write(
            [("settlement", body), ("setting", msgspec.json.encode({"batch": following}))],
            lambda db: (
                db.execute("INSERT OR REPLACE INTO settlement VALUES (?, 0, ?)", (stage.batch, body)),
                db.execute("INSERT OR REPLACE INTO setting VALUES ('batch', ?)", (following,)),
                db.execute(DESTROY_CARDS),
            ),
        )

    async def answered(self, batch: str, position: int, code: str) -> None:
        """An item has its answer."""
        event = msgspec.json.encode({"batch": batch, "position": position, "code": code})
        await self._write(
            [("item", event)],
            lambda db: db.execute(
                "UPDATE batch_item SET code = ? WHERE batch = ? AND position = ?", (code, batch, position)
            ),
        )

    async def open(self) -> Settling | None:
        """The settlement that has not ended; there is one at most."""
        rows = await self._rows("SELECT stage FROM settlement WHERE is_open")
        return _settling.decode(bytes(rows[0][0])) if rows and isinstance(rows[0][0], bytes) else None

    async def last(self) -> Settling | None:
        """The newest one."""
        rows = await self._rows("SELECT stage FROM settlement ORDER BY rowid DESC LIMIT 1")
        return _settling.decode(rows[0][0]) if rows and isinstance(rows[0][0], bytes) else None

    async def items(self, batch: str, is_missing: bool = False) -> list[Listed]:
        """All, or those without an answer, in their order."""
        where = "AND code = ''" if is_missing else ""
        rows = await self._rows(
            f"SELECT position, what, stan, ids, code FROM batch_item WHERE batch = ? {where} ORDER BY position",  # noqa: S608 - fixed clause
            batch,
        )
        return [_listed(*row) for row in rows]


def _listed(position: object, what: object, stan: object, ids: object, code: object) -> Listed:
    assert isinstance(position, int)
    assert isinstance(ids, bytes)
    item = Item(What(what), msgspec.json.decode(ids, type=tuple[str, ...]), str(stan))
    return Listed(position, item, str(code))
