"""The acquirer's daily file against what nobody knows (docs/protocol.md). Law: a file that is not whole says nothing.

    #yuanlu-reconciliation,1,<merchant_id>,<from YYYY-MM-DD>,<to YYYY-MM-DD>
    terminal_id,batch,stan,kind,mti,amount,rrn,response_code,state,at,clearing_date,original_rrn
    10000001,000001,000007,refund,0220,5000,...
    #end,<rows>,<sum of amounts>

A refund that the file has not is "never received" only if the file covers its day and the day after: one that was sent
before midnight may be cleared on the next day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

from terminal.exchange.events import Reconciled
from terminal.exchange.stages import GivenUp, Stage, Unknown
from terminal.iso8583.facts import Identity
from terminal.iso8583.response_codes import APPROVED

MAGIC, VERSION, END = "#yuanlu-reconciliation", "1", "#end"
COLUMNS = [
    *("terminal_id", "batch", "stan", "kind", "mti", "amount"),
    *("rrn", "response_code", "state", "at", "clearing_date", "original_rrn"),
]
BOOKED = frozenset({"approved", "pending", "credited"})
REFUSED, REVERSED, VOIDED = "refused", "reversed", "voided"
MOST_ROWS, LONGEST_LINE, AMOUNT_DIGITS = 200_000, 400, 12


class FileRefused(ValueError):
    """`line` counts from 1. Nothing was taken from the file."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line, self.why = line, why


class Row(msgspec.Struct, frozen=True):
    """One decided message, as the acquirer has it; `amount` in minor units."""

    terminal_id: str
    batch: str
    stan: str
    kind: str
    amount: int
    rrn: str
    response_code: str
    state: str
    day: date  # when it was decided


class File(msgspec.Struct, frozen=True):
    """A whole file; both days are in it."""

    merchant_id: str
    first: date
    last: date
    rows: tuple[Row, ...]

    def covers(self, day: date) -> bool:
        """A message of this day cannot be in another file."""
        return self.first <= day and day + timedelta(days=1) <= self.last


def parsed(text: str) -> File:
    """Raises FileRefused."""
    lines = text.splitlines()
    if len(lines) < 3:
        raise FileRefused(len(lines), "too short for a head, its columns and an end")
    merchant_id, first, last = _head(lines[0])
    if lines[1].split(",") != COLUMNS:
        raise FileRefused(2, "these are not the columns of this version")
    if len(lines) > MOST_ROWS:
        raise FileRefused(MOST_ROWS, "more rows than one day has")
    if max(map(len, lines)) > LONGEST_LINE:
        raise FileRefused(1, f"a line of more than {LONGEST_LINE} characters")
    rows = tuple(_row(number, line.split(",")) for number, line in enumerate(lines[2:-1], 3))
    _check_single(rows)
    _check_end(len(lines), lines[-1], rows)
    return File(merchant_id, first, last, rows)


def told(file: File, stages: Iterable[Stage], me: Identity) -> list[tuple[str, Reconciled]]:
    """What the file says of each open exchange that it can speak of. Raises FileRefused for another merchant's."""
    if file.merchant_id != me.merchant_id:
        raise FileRefused(1, "the file of another merchant")
    found = {(row.batch, row.stan, row.kind): row for row in file.rows if row.terminal_id == me.terminal_id}
    said = []
    for stage in stages:
        if isinstance(stage, Unknown | GivenUp):
            request = stage.request
            row = found.get((request.batch, request.stan, request.kind.value))
            event = _word(row, stage) if row else _absent(file, stage)
            if event is not None:
                said.append((request.id, event))
    return said


def _word(row: Row, stage: Unknown | GivenUp) -> Reconciled | None:
    """A row of another amount or another time is not this request: nothing is concluded from it, nor from a refusal
    that says it was approved."""
    day = date.fromisoformat(stage.request.at[:10])
    if row.amount != stage.request.amount.minor or abs(row.day - day) > timedelta(days=1):
        return None
    if row.state == REFUSED and row.response_code in APPROVED:
        return None
    if row.state in BOOKED:
        return Reconciled(True, "00", row.rrn)
    if row.state == REVERSED:
        return Reconciled(False)
    return Reconciled(True, row.response_code, row.rrn) if row.state == REFUSED else None


def _absent(file: File, stage: Unknown | GivenUp) -> Reconciled | None:
    return Reconciled(False) if file.covers(date.fromisoformat(stage.request.at[:10])) else None


def _head(line: str) -> tuple[str, date, date]:
    cells = line.split(",")
    if len(cells) != 5 or cells[:2] != [MAGIC, VERSION]:
        raise FileRefused(1, "not the head of a reconciliation file of version 1")
    try:
        first, last = date.fromisoformat(cells[3]), date.fromisoformat(cells[4])
    except ValueError:
        raise FileRefused(1, "the days are not YYYY-MM-DD") from None
    if last < first:
        raise FileRefused(1, "it ends before it begins")
    return cells[2], first, last


def _row(number: int, cells: list[str]) -> Row:
    if len(cells) != len(COLUMNS):
        raise FileRefused(number, f"{len(cells)} columns, not {len(COLUMNS)}")
    at = dict(zip(COLUMNS, cells, strict=True))
    if not (at["amount"].isascii() and at["amount"].isdigit() and len(at["amount"]) <= AMOUNT_DIGITS):
        raise FileRefused(number, "the amount is not a whole number of at most 12 digits")
    try:
        day = date.fromisoformat(at["at"][:10])
    except ValueError:
        raise FileRefused(number, "its time does not begin with YYYY-MM-DD") from None
    if at["state"] not in BOOKED | {REFUSED, REVERSED, VOIDED}:
        raise FileRefused(number, "a state that this version has not")
    return Row(
        at["terminal_id"],
        at["batch"],
        at["stan"],
        at["kind"],
        int(at["amount"]),
        at["rrn"],
        at["response_code"],
        at["state"],
        day,
    )


def _check_single(rows: tuple[Row, ...]) -> None:
    """Two rows of one request say two things: then neither is believed."""
    seen: set[tuple[str, str, str, str]] = set()
    for number, row in enumerate(rows, 3):
        key = (row.terminal_id, row.batch, row.stan, row.kind)
        if key in seen:
            raise FileRefused(number, "this request has a row already")
        seen.add(key)


def _check_end(number: int, line: str, rows: tuple[Row, ...]) -> None:
    """The end proves that nothing was cut off."""
    expected = f"{END},{len(rows)},{sum(row.amount for row in rows)}"
    if line != expected:
        raise FileRefused(number, "the end does not fit the rows: the file is not whole")
