"""A journal examined from outside: the chain, and what was drawn from it. Law: nothing is changed.

| examined    | against                                                                    |
|-------------|----------------------------------------------------------------------------|
| event       | the hash of the one before (store.py)                                      |
| exchange    | its newest `stage`                                                         |
| application | its newest `application`                                                   |
| settlement  | its newest `settlement`                                                    |
| operator    | the role of its newest `operator`; its code's hash is not in the chain     |
| setting     | its newest `setting`                                                       |
| owed        | state and tries of its newest `owed`; the body is not in the chain         |
| attachment  | its `attachment`, and its bytes against their digest; missing: `dropped`   |
| sealed_card | its bytes against their digest                                             |
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from terminal.exchange.stages import Stage
from terminal.journal.evidence_book import ATTACHED, DROPPED
from terminal.journal.journal import row_of
from terminal.journal.look import looked_into
from terminal.journal.store import START, follows, links
from terminal.refund.application import Application

OF_DAY_ONE = 16  # columns of an exchange before schema 002
_stage: msgspec.json.Decoder[Stage] = msgspec.json.Decoder(Stage)


class Finding(msgspec.Struct, frozen=True):
    """`what` is "event" or a table, `which` names it there."""

    what: str
    which: str
    why: str


class Examination(msgspec.Struct, frozen=True):
    """`head` is the hash of the last event, hex. With a broken event nothing else can be told."""

    events: int
    head: str
    findings: tuple[Finding, ...]

    @property
    def is_chain_whole(self) -> bool:
        return not any(finding.what == "event" for finding in self.findings)


class Newest:
    """What the chain says last of each thing."""

    def __init__(self) -> None:
        self.bodies: dict[tuple[str, str], int] = {}  # (table, id) -> seq
        self.settings: dict[str, str] = {}
        self.owed: dict[tuple[str, str], tuple[str, int]] = {}
        self.roles: dict[str, str] = {}
        self.attachments: set[tuple[str, str, str]] = set()

    def hear(self, seq: int, kind: str, body: bytes) -> None:
        """One event. Raises KeyError, TypeError, ValueError for one that is not as it must be."""
        if kind not in HEARD:
            return
        said: Any = msgspec.json.decode(body)
        match kind:
            case "stage":
                self.bodies["exchange", said["request"]["id"]] = seq
            case "application":
                self.bodies["application", said["id"]] = seq
            case "settlement":
                self.bodies["settlement", said["batch"]] = seq
            case "setting":
                self.settings |= said
            case "owed":
                self.owed[said["kind"], said["id"]] = (said["state"], said["tries"])
            case "operator":
                self.roles[said["id"]] = "" if said["why"].partition(",")[0] in GONE else said["role"]
            case "attachment":
                self.attachments.add((said["owner"], said["kind"], said["sha256"]))
            case "dropped":
                self.attachments -= {tuple(one) for one in said["attachments"]}


HEARD = frozenset({"stage", "application", "settlement", "setting", "owed", "operator", ATTACHED, DROPPED})
GONE = ("removed", "not there")  # why an operator was forgotten (people.py, proof.py)


def examined(journal: Path) -> Examination:
    """Raises JournalFailed for what is no journal."""
    with looked_into(journal) as db:
        newest, previous, seq = Newest(), START, 0
        for expected, (seq, at, kind, body, hash) in enumerate(links(db), 1):
            if seq != expected or not follows(hash, previous, seq, at, kind, body):
                return Examination(expected - 1, previous.hex(), (Finding("event", str(seq), f"{at}, {kind}"),))
            assert isinstance(hash, bytes)  # it is one that was computed
            previous = hash
            try:
                newest.hear(seq, kind, body)
            except (KeyError, TypeError, ValueError):
                return Examination(seq, previous.hex(), (Finding("event", str(seq), f"{at}, {kind}: cannot be read"),))
        tables = {str(name) for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        findings = [finding for table in EXAMINERS if table in tables for finding in _examined(table, db, newest)]
        return Examination(seq, previous.hex(), tuple(findings))


def _examined(table: str, db: sqlite3.Connection, newest: Newest) -> list[Finding]:
    found: list[Finding] = []
    try:
        found.extend(EXAMINERS[table](db, newest))
    except (IndexError, KeyError, TypeError, ValueError):  # what was put there is no row of ours
        found.append(Finding(table, "", "a row cannot be read"))
    return found


# --- table by table --------------------------------------------------------------------------------------------------
def _exchanges(db: sqlite3.Connection, newest: Newest) -> Iterator[Finding]:
    for row in db.execute("SELECT * FROM exchange"):
        id, body = str(row[0]), bytes(row[15])
        said = _said(db, newest, "exchange", id)
        if said is None or not _is_same_stage(said, body):
            yield Finding("exchange", id, "is not what the chain says of it" if said else "is not in the chain")
            continue
        if len(row) > OF_DAY_ONE and row != row_of(_stage.decode(body), body):
            yield Finding("exchange", id, "a column is not what its stage says")
    yield from _missing(db, newest, "exchange")


def _is_same_stage(said: bytes, kept: bytes) -> bool:
    """A stage of before schema 002 was given its terms in its row only."""
    if said == kept:
        return True
    older, newer = msgspec.json.decode(said), msgspec.json.decode(kept)
    if "terms" in older["request"]:
        return False
    newer["request"].pop("terms", None)
    return bool(older == newer)


def _applications(db: sqlite3.Connection, newest: Newest) -> Iterator[Finding]:
    for row in db.execute("SELECT * FROM application"):
        id, body = str(row[0]), bytes(row[8])
        said = _said(db, newest, "application", id)
        if said != body:
            yield Finding("application", id, "is not what the chain says of it" if said else "is not in the chain")
        elif row[:8] != _columns(msgspec.json.decode(body, type=Application)):
            yield Finding("application", id, "a column is not what its value says")
    yield from _missing(db, newest, "application")


def _columns(one: Application) -> tuple[object, ...]:
    made = (one.requester, one.amount.minor, one.at, one.at[:10])
    return (one.id, one.state.value, one.sale.id, one.exchange_id, *made)


def _settlements(db: sqlite3.Connection, newest: Newest) -> Iterator[Finding]:
    kept = {str(id): (bool(is_open), bytes(body)) for id, is_open, body in db.execute("SELECT * FROM settlement")}
    said = {id: _said(db, newest, "settlement", id) or b"" for table, id in newest.bodies if table == "settlement"}
    for id in sorted(kept.keys() | said.keys()):
        body = said.get(id, b"")
        if kept.get(id) != (b'"type":"settled"' not in body, body):
            yield Finding("settlement", id, "is not what the chain says of it")


def _operators(db: sqlite3.Connection, newest: Newest) -> Iterator[Finding]:
    """Who there is and of what rank: another one could agree to refunds."""
    kept = {str(id): str(role) for id, role in db.execute("SELECT id, role FROM operator")}
    for id in sorted(kept.keys() | newest.roles.keys()):
        if kept.get(id, "") != newest.roles.get(id, ""):
            yield Finding("operator", id, "is not what the chain says of it")


def _settings(db: sqlite3.Connection, newest: Newest) -> Iterator[Finding]:
    kept = {str(name): str(value) for name, value in db.execute("SELECT name, value FROM setting")}
    for name in sorted(kept.keys() | newest.settings.keys()):
        if kept.get(name) != newest.settings.get(name):
            yield Finding("setting", name, "is not what the chain says of it")


def _owed(db: sqlite3.Connection, newest: Newest) -> Iterator[Finding]:
    kept = {
        (str(kind), str(id)): (str(state), int(tries))
        for kind, id, state, tries in db.execute("SELECT kind, id, state, tries FROM owed")
    }
    for kind, id in sorted(kept.keys() | newest.owed.keys()):
        if kept.get((kind, id)) != newest.owed.get((kind, id)):
            yield Finding("owed", f"{kind} {id}", "is not what the chain says of it")


def _attachments(db: sqlite3.Connection, newest: Newest) -> Iterator[Finding]:
    kept = set()
    for owner, kind, digest, body in db.execute("SELECT owner, kind, digest, body FROM attachment"):
        kept.add((owner, kind, digest))
        if hashlib.sha256(body).hexdigest() != digest:
            yield Finding("attachment", f"{kind} of {owner}", "its bytes are not those of its digest")
        if (owner, kind, digest) not in newest.attachments:
            yield Finding("attachment", f"{kind} of {owner}", "is not in the chain")
    for owner, kind, _ in sorted(newest.attachments - kept):
        yield Finding("attachment", f"{kind} of {owner}", "is missing")


def _cards(db: sqlite3.Connection, newest: Newest) -> Iterator[Finding]:
    for digest, sealed in db.execute("SELECT digest, sealed FROM sealed_card"):
        if hashlib.sha256(sealed).hexdigest() != digest:
            yield Finding("sealed_card", str(digest)[:12], "its bytes are not those of its digest")


EXAMINERS = {
    "exchange": _exchanges,
    "application": _applications,
    "settlement": _settlements,
    "operator": _operators,
    "setting": _settings,
    "owed": _owed,
    "attachment": _attachments,
    "sealed_card": _cards,
}


def _said(db: sqlite3.Connection, newest: Newest, table: str, id: str) -> bytes | None:
    row = db.execute(
        "SELECT CAST(body AS BLOB) FROM event WHERE seq = ?", (newest.bodies.get((table, id), 0),)
    ).fetchone()
    return bytes(row[0]) if row else None


def _missing(db: sqlite3.Connection, newest: Newest, table: str) -> Iterator[Finding]:
    kept = {str(id) for (id,) in db.execute(f"SELECT id FROM {table}")}  # noqa: S608 - one of two names
    for _, id in sorted(key for key in newest.bodies if key[0] == table and key[1] not in kept):
        yield Finding(table, id, "is in the chain and has no row")
