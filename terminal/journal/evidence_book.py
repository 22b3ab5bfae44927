"""What belongs to one refund, read out of a journal; what is too old, dropped. Law: the chain keeps every digest.

| event of the chain           | belongs to a refund when                                               |
|------------------------------|------------------------------------------------------------------------|
| begun, stage                 | it is of its exchange, or of the sale                                  |
| application                  | it is of the application that it carries out                           |
| attachment, dropped, owed    | its owner is one of these two                                          |
| sent                         | its F11 is the request's, or it names batch and F11 in F60, F61 or F90 |
| received, unanswered         | it follows one of those that were sent                                 |
| evidence-exported            | it was this refund's folder                                            |
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from terminal.exchange.stages import Stage
from terminal.iso8583.kinds import GIVES_BACK
from terminal.journal.attachment_book import Attachment
from terminal.journal.owed import Rows, Write
from terminal.journal.store import START, JournalFailed, follows, told
from terminal.refund.application import OPEN, Application

ATTACHED, DROPPED, EXPORTED = "attachment", "dropped", "evidence-exported"
SENT, RECEIVED, UNANSWERED = "sent", "received", "unanswered"
NAMES_ORIGINAL = ("60", "61", "90")
DROP_AT_ONCE = 200  # rows of one commit
KINDS = ", ".join(f"'{kind.value}'" for kind in sorted(GIVES_BACK, key=lambda kind: kind.value))
STATES = ", ".join(f"'{state.value}'" for state in OPEN)
OLD = (  # never what belongs to an exchange or an application that has not ended
    "SELECT owner, kind, digest FROM attachment WHERE substr(at, 1, 10) < ?"  # noqa: S608 - our own words
    " AND owner NOT IN (SELECT id FROM exchange WHERE is_open)"
    f" AND owner NOT IN (SELECT id FROM application WHERE state IN ({STATES}))"
    f" AND owner NOT IN (SELECT exchange_id FROM application WHERE state IN ({STATES}))"
    f" ORDER BY rowid LIMIT {DROP_AT_ONCE}"
)
REFUNDS = (
    "SELECT id, rrn, at, kind, state, amount, (SELECT count(*) FROM attachment"  # noqa: S608 - our own words
    " WHERE owner = exchange.id)"
    f" FROM exchange WHERE kind IN ({KINDS}) ORDER BY at DESC, id DESC"
)
NAMED = f"SELECT stage FROM exchange WHERE (rrn = ? OR id = ?) AND kind IN ({KINDS})"  # noqa: S608 - our own words
OLD_SIGNATURES = (  # as they were uploaded: sent, or signed on paper
    "UPDATE owed SET body = x'' WHERE kind = 'signature' AND state NOT IN ('owed', 'to-print') AND body != x''"
    " AND id IN (SELECT id FROM exchange WHERE day < ? AND NOT is_open)"
)


_stage: msgspec.json.Decoder[Stage] = msgspec.json.Decoder(Stage)


class Event(msgspec.Struct, frozen=True):
    """One link of the chain with what it says."""

    seq: int
    at: str
    kind: str
    body: bytes
    previous: bytes
    hash: bytes


class Records(msgspec.Struct, frozen=True):
    """`told` has the digest of each event from `first` to the head, 32 bytes each; `before` is the hash that they
    follow from. `stages` and `application` are the newest."""

    stage: Stage
    sale: Stage | None
    application: Application | None
    events: tuple[Event, ...]
    attachments: tuple[Attachment, ...]
    first: int
    before: bytes
    told: bytes
    head: int
    head_hash: bytes


class Line(msgspec.Struct, frozen=True):
    """A refund in a list."""

    id: str
    rrn: str
    at: str
    kind: str
    state: str
    amount: int  # minor units
    pictures: int


def refunds(db: sqlite3.Connection) -> list[Line]:
    """Newest first."""
    return [Line(*row) for row in db.execute(REFUNDS)]


def found(db: sqlite3.Connection, name: str) -> Stage:
    """The refund or void of this RRN, or of this batch and F11 ("000001-000123"). Raises JournalFailed."""
    rows = db.execute(NAMED, (name, name)).fetchall()
    if not rows or not name:
        raise JournalFailed(f"no refund and no void of the name {name!r}: `yuanlu evidence list` shows their names")
    if len(rows) > 1:
        raise JournalFailed(f"{len(rows)} of the name {name!r}: take batch and voucher number, like 000001-000123")
    return _stage.decode(rows[0][0])


def records(db: sqlite3.Connection, stage: Stage) -> Records:
    """All that belongs to it, and the chain from its first event to the head. Raises JournalFailed."""
    request = stage.request
    sale = _exchange(db, request.original.exchange_id) if request.original else None
    application = _application(db, request.application, request.id)
    ours = _Ours(
        request.id, sale.request.id if sale else "", application.id if application else "", request.stan, request.batch
    )
    events, digests, last, first = [], [], (START, 0), 0
    for seq, at, kind, body, hash in db.execute(
        "SELECT seq, at, kind, CAST(body AS BLOB), hash FROM event ORDER BY seq"
    ):
        said = told(seq, at, kind, body)
        if not follows(hash, last[0], seq, at, kind, body):
            raise JournalFailed(f"the chain is broken at event {seq}: `yuanlu journal verify` names it")
        if ours.takes(kind, body):
            events.append(Event(seq, at, kind, body, last[0], hash))
            first = first or seq
        digests.append(said)
        last = (hash, seq)
    if not events:
        raise JournalFailed("the chain knows nothing of this refund")
    attachments = [one for owner in (request.id, ours.application) if owner for one in _attachments(db, owner)]
    return Records(
        stage, sale, application, tuple(events), tuple(attachments), first, events[0].previous,
        b"".join(digests[first - 1 :]), last[1], last[0],
    )  # fmt: skip


class _Ours:
    """Which events belong to a refund, heard in their order."""

    def __init__(self, id: str, sale: str, application: str, stan: str, batch: str) -> None:
        self.application = application
        self._exchanges, self._owners = {id, sale} - {""}, {id, application} - {""}
        self._stan, self._original, self._id = stan, f"{batch}{stan}", id
        self._is_inside, self._answer = False, ("", "")

    def takes(self, kind: str, body: bytes) -> bool:
        """Whether it belongs; hears it in any case."""
        try:
            said: Any = msgspec.json.decode(body) if kind in HEARD else None
            return said is not None and bool(getattr(self, f"_{kind.replace('-', '_')}")(said))
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            return False

    def _begun(self, said: Any) -> bool:
        self._is_inside |= said["id"] == self._id
        return said["id"] in self._exchanges

    def _stage(self, said: Any) -> bool:
        return said["request"]["id"] in self._exchanges

    def _application(self, said: Any) -> bool:
        return bool(said["id"] == self.application)

    def _attachment(self, said: Any) -> bool:
        return said["owner"] in self._owners

    def _dropped(self, said: Any) -> bool:
        return any(owner in self._owners for owner, _, _ in said["attachments"])

    def _evidence_exported(self, said: Any) -> bool:
        return bool(said["id"] == self._id)

    def _owed(self, said: Any) -> bool:
        return bool(said["id"] == self._id)

    def _sent(self, said: Any) -> bool:
        names = any(self._original in said.get(field, "") for field in NAMES_ORIGINAL)
        is_ours = self._is_inside and (said.get("11") == self._stan or names)
        self._answer = (f"{int(said['what']) + 10:04d}", said.get("11", "")) if is_ours else ("", "")
        return is_ours

    def _received(self, said: Any) -> bool:
        return self._answer == (said["what"], said.get("11", "")) != ("", "")

    def _unanswered(self, said: Any) -> bool:
        return self._answer != ("", "")


HEARD = frozenset({"begun", "stage", "application", ATTACHED, DROPPED, EXPORTED, "owed", SENT, RECEIVED, UNANSWERED})


async def drop_before(day: str, write: Write, rows: Rows) -> int:
    """Drop attachments of before `day` (YYYY-MM-DD), and the pictures of signatures; how many. Raises JournalFailed."""
    count = 0
    while old := [tuple(map(str, row)) for row in await rows(OLD, day)]:
        event = msgspec.json.encode({"before": day, "attachments": old})
        await write([(DROPPED, event)], partial(_drop, old))
        count += len(old)
    signatures = await rows(OLD_SIGNATURES.replace("UPDATE owed SET body = x''", "SELECT count(*) FROM owed"), day)
    if signatures[0][0]:
        event = msgspec.json.encode({"before": day, "attachments": [], "signatures": signatures[0][0]})
        await write([(DROPPED, event)], lambda db: db.execute(OLD_SIGNATURES, (day,)))
        count += int(str(signatures[0][0]))
    return count


def _drop(old: list[tuple[str, ...]], db: sqlite3.Connection) -> None:
    db.executemany("DELETE FROM attachment WHERE owner = ? AND kind = ? AND digest = ?", old)


def _exchange(db: sqlite3.Connection, id: str) -> Stage | None:
    row = db.execute("SELECT stage FROM exchange WHERE id = ?", (id,)).fetchone()
    return _stage.decode(row[0]) if row else None


def _application(db: sqlite3.Connection, id: str, exchange_id: str) -> Application | None:
    row = db.execute(
        "SELECT body FROM application WHERE id = ? OR exchange_id = ? ORDER BY id = ? DESC", (id, exchange_id, id)
    ).fetchone()
    return msgspec.json.decode(row[0], type=Application) if row else None


def _attachments(db: sqlite3.Connection, owner: str) -> Iterator[Attachment]:
    for row in db.execute(
        "SELECT digest, owner, kind, at, body FROM attachment WHERE owner = ? ORDER BY rowid", (owner,)
    ):
        yield Attachment(*row)
