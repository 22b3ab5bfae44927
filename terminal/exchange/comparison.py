"""The acquirer's file beside everything this terminal holds. Law: what does not fit is said, and nothing is made of it.

| row or exchange                                     | finding    |
|-----------------------------------------------------|------------|
| a row in our name that this terminal never sent (1) | stranger   |
| same number, other amount or day                    | altered    |
| booked, and nothing was sent, or it was reversed    | booked     |
| refused or reversed, and we hold an acceptance      | not-booked |
| a refund we hold accepted, in no row                | missing    |
| what people or the acquirer said before was wrong   | overruled (terminal/exchange/overruling.py) |

(1) While one of its kind and amount is open, that one is not "never received": its row may be the stranger.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from terminal.exchange.ends import Accepted, NotSent, Refused, Reversed
from terminal.exchange.events import Reconciled
from terminal.exchange.overruling import rests_on
from terminal.exchange.reconciliation import BOOKED, CREDITED, REFUSED, REVERSED, File, Row, absent, is_of, word
from terminal.exchange.stages import GivenUp, Stage, Unknown, state
from terminal.exchange.verdicts import DUPLICATE
from terminal.iso8583.facts import Identity
from terminal.iso8583.kinds import Kind, Silence
from terminal.iso8583.response_codes import APPROVED

STRANGER, ALTERED, BOOKED_HERE, NOT_BOOKED, MISSING = "stranger", "altered", "booked", "not-booked", "missing"
OVERRULED = "overruled"


class Finding(msgspec.Struct, frozen=True):
    """What somebody must look at; `amount` in minor units is the file's, else ours. No card."""

    what: str
    batch: str
    stan: str
    kind: str
    amount: int
    day: str  # YYYY-MM-DD
    rrn: str = ""
    before: str = ""  # state of an exchange, for OVERRULED
    after: str = ""

    @property
    def id(self) -> str:
        """One a row and sort: a file that is read twice finds nothing twice."""
        return f"{self.batch}-{self.stan}-{self.kind}-{self.what}"


class Comparison(msgspec.Struct, frozen=True):
    """`told`: what the file says, by exchange id. `credited`: ids of what the cardholder has."""

    told: tuple[tuple[str, Reconciled], ...]
    credited: tuple[str, ...]
    findings: tuple[Finding, ...]


def rows_of(file: File, me: Identity) -> dict[str, list[Row]]:
    """The rows in this terminal's name by the id that their exchange would have here."""
    found: dict[str, list[Row]] = {}
    for row in file.rows:
        if row.terminal_id == me.terminal_id:
            found.setdefault(f"{row.batch}-{row.stan}", []).append(row)
    return found


def compared(file: File, held: Mapping[str, Stage], me: Identity) -> Comparison:
    """`held`: every exchange that the file has a row of, is open, rests on people, or is an accepted refund."""
    told, credited, findings = [], [], []
    rows = rows_of(file, me)
    for id, each in rows.items():
        stage = held.get(id)
        for row in each:
            if stage is None or row.kind != stage.request.kind.value:
                findings.append(_finding(STRANGER, row))
            elif not is_of(row, stage):
                findings.append(_finding(ALTERED, row))
            else:
                event = _told(row, stage)
                told += [(id, event)] if event is not None else []
                credited += [id] if _is_there(row) else []
                what = _differs(row, stage)
                findings += [_finding(what, row)] if what else []
    for id, stage in held.items():
        if not any(row.kind == stage.request.kind.value for row in rows.get(id, ())):
            event = absent(file, stage)
            is_sure = not _may_be_its_row(stage, findings)
            told += [(id, event)] if event is not None and is_sure and _listens(stage) else []
            is_missing = event is not None and _is_refund(stage) and rests_on(stage) is None
            findings += [missing(stage)] if is_missing else []
    return Comparison(tuple(told), tuple(credited), tuple(findings))


def overruling(before: Stage, after: Stage) -> Finding:
    """What people must hear of, as a finding; `before` and `after` are words of an outcome."""
    found = _of(OVERRULED, after)
    return msgspec.structs.replace(found, before=state(before), after=state(after))


def missing(stage: Stage) -> Finding:
    """One of ours that the acquirer should have."""
    return _of(MISSING, stage)


def _told(row: Row, stage: Stage) -> Reconciled | None:
    return word(row) if _listens(stage) or isinstance(stage, Refused) else None


def _listens(stage: Stage) -> bool:
    """Only the acquirer can end it, or confirm what people said."""
    return isinstance(stage, Unknown | GivenUp) or rests_on(stage) is not None


def _may_be_its_row(stage: Stage, findings: list[Finding]) -> bool:
    """A stranger of its kind and amount: its own row may stand under an altered number, so it was perhaps received."""
    request = stage.request
    sort = (STRANGER, request.kind.value, request.amount.minor)
    return any((each.what, each.kind, each.amount) == sort for each in findings)


def _is_there(row: Row) -> bool:
    """The cardholder has it: a refund that is credited; a void has no such day, it takes the sale back."""
    return row.state == CREDITED or (row.kind == Kind.VOID.value and row.state in BOOKED)


def _differs(row: Row, stage: Stage) -> str:
    if _listens(stage):
        return ""
    is_booked = row.state in BOOKED
    if is_booked and isinstance(stage, NotSent | Reversed):
        return BOOKED_HERE
    if is_booked and isinstance(stage, Refused) and stage.response_code == DUPLICATE:
        return BOOKED_HERE
    is_undone = row.state == REVERSED or (row.state == REFUSED and row.response_code not in APPROVED)
    return NOT_BOOKED if isinstance(stage, Accepted) and is_undone else ""


def _is_refund(stage: Stage) -> bool:
    """One that was asked once: what is sent until it is answered may be in the file of another day."""
    is_once = stage.request.terms.silence is Silence.QUERY
    return isinstance(stage, Accepted) and stage.request.kind is Kind.REFUND and is_once


def _finding(what: str, row: Row) -> Finding:
    return Finding(what, row.batch, row.stan, row.kind, row.amount, row.day.isoformat(), row.rrn)


def _of(what: str, stage: Stage) -> Finding:
    request = stage.request
    rrn = stage.reply.rrn if isinstance(stage, Accepted) else ""
    return Finding(what, request.batch, request.stan, request.kind.value, request.amount.minor, request.at[:10], rrn)
