"""The journal in the words of the desk and the exchange. Law: a stage is entered here before it is acted on.

All methods are async: the commit runs in one worker thread of its own, so that a slow disk does not stop the screen.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from terminal.exchange.request import Request
from terminal.exchange.stages import Accepted, Ended, Open, Stage, state
from terminal.iso8583.kinds import GIVES_BACK, Kind
from terminal.journal.application_book import ApplicationBook
from terminal.journal.attachment_book import AttachmentBook
from terminal.journal.batch_book import LAST_NUMBER, BatchBook
from terminal.journal.operator import Lock as Lock
from terminal.journal.operator import Operator as Operator
from terminal.journal.operator import decoded
from terminal.journal.owed import OwedBook
from terminal.journal.parameters import Parameters
from terminal.journal.store import Broken, JournalFailed, Store
from terminal.ports import Clock
from terminal.refund.sale import SOLD

T = TypeVar("T")
Run = Callable[[Callable[[], T]], Awaitable[T]]
FIRST_BATCH = 1
OPERATOR = "id, role, password_hash, is_factory, failures, lock"
GIVEN_BACK = ", ".join(f"'{kind.value}'" for kind in sorted(GIVES_BACK, key=lambda kind: kind.value))
SOLD_HERE = f"state = 'accepted' AND kind IN ({', '.join(repr(kind.value) for kind in SOLD)})"
_stages: msgspec.json.Decoder[Stage] = msgspec.json.Decoder(Stage)


class Journal:
    """One per terminal. `run` carries a blocking function out and returns its result."""

    def __init__(self, path: Path, clock: Clock, run: Run[object]) -> None:
        self._store, self._clock, self._run = Store(path), clock, run
        self._turn, self._numbers = asyncio.Lock(), asyncio.Lock()
        self._notes: list[tuple[str, bytes]] = []
        self.owed = OwedBook(self.write, self.rows)
        self.settlements = BatchBook(self.write, self.rows)
        self.parameters = Parameters(self.write, self.rows)
        self.applications = ApplicationBook(self.write, self.rows)
        self.attachments = AttachmentBook(self.write, self.rows)

    async def close(self) -> None:
        """Let go of the file; what was only noted is written first, if it can be."""
        try:
            await self.record("closed", {})
        except JournalFailed:
            pass  # the merchant was told when it first failed
        finally:
            self._store.close()

    # --- writing -------------------------------------------------------------------------------------------------
    def note(self, kind: str, what: str, body: dict[str, str]) -> None:
        """Remember with the next write: masked messages and the like, which nothing depends on."""
        self._notes.append((kind, msgspec.json.encode({"what": what, **body})))

    async def record(self, kind: str, body: dict[str, str]) -> None:
        """Append a fact."""
        await self.write([(kind, msgspec.json.encode(body))], lambda db: None)

    async def begin(self, request: Request, sealed: bytes) -> None:
        """Keep the sealed card under its digest, before the first stage is entered."""
        if hashlib.sha256(sealed).hexdigest() != request.card.digest:
            raise JournalFailed("the sealed card is not the request's")
        if await self.exchange(request.id) is not None:
            raise JournalFailed("an exchange of this batch and F11 is in the journal already")
        await self.write(
            [("begun", msgspec.json.encode({"id": request.id}))],
            lambda db: db.execute("INSERT OR IGNORE INTO sealed_card VALUES (?, ?)", (request.card.digest, sealed)),
        )

    async def enter(self, stage: Stage) -> None:
        """Append the stage and draw its exchange's row anew."""
        body = msgspec.json.encode(stage)
        row = row_of(stage, body)
        await self.write(
            [("stage", body)],
            lambda db: db.execute(f"INSERT OR REPLACE INTO exchange VALUES ({','.join('?' * len(row))})", row),  # noqa: S608 - only marks
        )

    async def next_stan(self) -> str:
        """F11: taken for good before it is used; wraps from 999999 to 1, over those the open batch has used."""
        return (await self.next_stans(1))[0]

    async def next_stans(self, count: int) -> list[str]:
        """So many at once, in one write."""
        async with self._numbers:
            value, batch = int(await self.setting("stan", "0")), await self.batch()
            taken: list[str] = []
            while len(taken) < count:
                value = value % LAST_NUMBER + 1
                if await self.exchange(f"{batch}-{value:06d}") is None:
                    taken.append(f"{value:06d}")
            if taken:
                await self.remember("stan", taken[-1])
            return taken

    async def remember(self, name: str, value: str) -> None:
        """Keep a setting (counter, batch, language)."""
        await self.write(
            [("setting", msgspec.json.encode({name: value}))],
            lambda db: db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value)),
        )

    async def keep_operator(self, operator: Operator, why: str, by: str) -> None:
        """Add or change an operator; the chain holds who and why, never the hash."""
        body = {"id": operator.id, "role": operator.role, "why": why, "by": by}
        row = (
            operator.id,
            operator.role,
            operator.password_hash,
            int(operator.is_factory),
            operator.failures,
            msgspec.json.encode(operator.lock).decode() if operator.lock else "",
        )
        await self.write(
            [("operator", msgspec.json.encode(body))],
            lambda db: db.execute(
                f"INSERT OR REPLACE INTO operator ({OPERATOR}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - fixed columns
                row,
            ),
        )

    async def drop_operator(self, operator: Operator, why: str, by: str) -> None:
        """Forget an operator and his hash; the chain keeps that there was one."""
        body = {"id": operator.id, "role": operator.role, "why": why, "by": by}
        await self.write(
            [("operator", msgspec.json.encode(body))],
            lambda db: db.execute("DELETE FROM operator WHERE id = ?", (operator.id,)),
        )

    # --- reading -------------------------------------------------------------------------------------------------
    async def setting(self, name: str, default: str) -> str:
        rows = await self.rows("SELECT value FROM setting WHERE name = ?", name)
        return str(rows[0][0]) if rows else default

    async def batch(self) -> str:
        """F60.2 of the open batch."""
        return await self.setting("batch", f"{FIRST_BATCH:06d}")

    async def open_stages(self) -> list[Open]:
        """Every exchange that is not ended, oldest first."""
        stages = await self._stages("WHERE is_open ORDER BY at")
        return [stage for stage in stages if isinstance(stage, Open)]

    async def exchange(self, id: str) -> Stage | None:
        stages = await self._stages("WHERE id = ?", id)
        return stages[0] if stages else None

    async def sales(self, where: str = "", *arguments: object) -> list[Stage]:
        """Accepted sales and completions, newest first, at most 100; `where` names columns of the exchange table."""
        return await self.stages(await self.sale_ids(where, *arguments, most=100))

    async def sale_ids(self, where: str = "", *arguments: object, most: int) -> list[str]:
        """The ids of the same, at most so many."""
        all_in_order = "" if where else "INDEXED BY exchange_newest"  # left to itself SQLite sorts all sales there are
        clause = f"AND {where}" if where else ""
        newest = "ORDER BY at DESC, batch DESC, stan DESC LIMIT ?"
        query = f"SELECT id FROM exchange {all_in_order} WHERE {SOLD_HERE} {clause} {newest}"  # noqa: S608 - our own words
        rows = await self.rows(query, *arguments, most)
        return [str(id) for (id,) in rows]

    async def stages(self, ids: Sequence[str]) -> list[Stage]:
        """The exchanges with these ids, in their order; those that are not there are left out."""
        found = {stage.request.id: stage for stage in await self._stages(f"WHERE id IN ({_marks(ids)})", *ids)}
        return [found[id] for id in ids if id in found]

    async def of_rrn(self, rrn: str) -> list[Stage]:
        """Every accepted exchange with this F37, whatever its kind, newest first; a scanner may change its letters."""
        spellings = (rrn, rrn.upper(), rrn.lower())
        return await self._stages("WHERE rrn IN (?, ?, ?) AND state = 'accepted' ORDER BY at DESC", *spellings)

    async def given_back_of(self, sale_ids: Sequence[str]) -> dict[str, list[Stage]]:
        """`given_back` of each of these sales."""
        back: dict[str, list[Stage]] = {id: [] for id in sale_ids}
        for stage in await self._stages(f"WHERE original_id IN ({_marks(sale_ids)}) ORDER BY at", *sale_ids):
            if stage.request.original is not None:
                back[stage.request.original.exchange_id].append(stage)
        return back

    async def given_back_under(self, prefix: str) -> list[Stage]:
        """`given_back` of all sales whose id begins so; it ends with "-"."""
        after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        return await self._stages("WHERE original_id >= ? AND original_id < ? ORDER BY at", prefix, after)

    async def accepted(self, kind: Kind) -> list[Accepted]:
        """Accepted exchanges of a kind, newest first, at most 100."""
        stages = await self._stages(
            "WHERE kind = ? AND state = 'accepted' ORDER BY at DESC, batch DESC, stan DESC LIMIT 100", kind.value
        )
        return [stage for stage in stages if isinstance(stage, Accepted)]

    async def given_back(self, sale_id: str) -> list[Stage]:
        """Every void and refund of a sale, whatever became of it, oldest first."""
        return await self._stages("WHERE original_id = ? ORDER BY at", sale_id)

    async def recent(self, limit: int = 100) -> list[Stage]:
        return await self._stages("ORDER BY at DESC, batch DESC, stan DESC LIMIT ?", limit)

    async def refunded(self, where: str, *arguments: object) -> tuple[int, int]:
        """How many went back, or may have, and how much in minor units; `where` names columns of the exchange table."""
        rows = await self.rows(
            f"SELECT count(*), coalesce(sum(amount), 0) FROM exchange WHERE {where} AND kind IN ({GIVEN_BACK})"  # noqa: S608 - our own words
            " AND state NOT IN ('refused', 'not-sent', 'reversed')",
            *arguments,
        )
        count, total = rows[0]
        return int(str(count)), int(str(total))

    async def of_batch(self, batch: str) -> list[Stage]:
        """Every exchange of a batch, oldest first."""
        return await self._stages("WHERE batch = ? ORDER BY at, stan", batch)

    async def count(self, batch: str) -> int:
        """Exchanges of a batch, however they ended."""
        return int(str((await self.rows("SELECT COUNT(*) FROM exchange WHERE batch = ?", batch))[0][0]))

    async def sealed_card(self, digest: str) -> bytes:
        """Raises JournalFailed when it is gone."""
        rows = await self.rows("SELECT sealed FROM sealed_card WHERE digest = ?", digest)
        if not rows or not isinstance(rows[0][0], bytes):
            raise JournalFailed("the card of an exchange is not in the journal")
        return rows[0][0]

    async def operators(self) -> list[Operator]:
        """By number."""
        rows = await self.rows(f"SELECT {OPERATOR} FROM operator ORDER BY id")  # noqa: S608 - fixed columns
        return [decoded(row) for row in rows]

    async def verify(self) -> Broken | None:
        return await self._blocking(self._store.verify)

    # --- for the books beside it ---------------------------------------------------------------------------------
    async def rows(self, query: str, *arguments: object) -> list[tuple[object, ...]]:
        return await self._blocking(lambda: self._store.rows(query, *arguments))

    async def write(self, events: list[tuple[str, bytes]], project: Callable[[sqlite3.Connection], object]) -> None:
        notes, self._notes = self._notes, []
        at = self._clock.now().isoformat(timespec="milliseconds")
        try:
            await self._blocking(lambda: self._store.write(at, notes + events, lambda db: _ignore(project(db))))
        except JournalFailed:
            self._notes = notes + self._notes
            raise

    # --- inside --------------------------------------------------------------------------------------------------
    async def _stages(self, where: str, *arguments: object) -> list[Stage]:
        rows = await self.rows(f"SELECT stage FROM exchange {where}", *arguments)  # noqa: S608 - fixed clauses
        try:
            return [_stages.decode(row[0]) for row in rows if isinstance(row[0], bytes)]
        except msgspec.DecodeError as error:
            raise JournalFailed(f"a stage in the journal cannot be read: {error}") from None

    async def _blocking(self, work: Callable[[], T]) -> T:
        async with self._turn:
            return await self._run(work)  # type: ignore[return-value] # Run[object] gives back what `work` gives


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _ignore(_: object) -> None:
    return None


def row_of(stage: Stage, body: bytes) -> tuple[object, ...]:
    request = stage.request
    reply = getattr(stage, "reply", None)
    return (
        request.id,
        request.kind.value,
        state(stage),
        int(not isinstance(stage, Ended)),
        request.at,
        request.at[:10],
        request.stan,
        request.batch,
        (stage.amount if isinstance(stage, Accepted) else request.amount).minor,
        reply.rrn if reply else "",
        reply.approval_code if reply else "",
        request.card.masked_pan[-4:],
        request.card.fingerprint,
        request.original.exchange_id if request.original else "",
        request.operator,
        body,
        request.card.digest,
    )
