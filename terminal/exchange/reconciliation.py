"""The acquirer's daily file, row by row (docs/protocol.md). Law: a file that is not whole says nothing.

    #yuanlu-reconciliation,1,<merchant_id>,<from YYYY-MM-DD>,<to YYYY-MM-DD>
    terminal_id,batch,stan,kind,mti,amount,rrn,response_code,state,at,clearing_date,original_rrn
    10000001,000001,000007,refund,0220,5000,...
    #end,<rows>,<sum of amounts>

A refund that the file has not is "never received" only if the file covers its day and the day after: one that was sent
before midnight may be cleared on the next day.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

import msgspec

from terminal.exchange.events import Reconciled
from terminal.exchange.stages import Accepted, Stage
from terminal.iso8583.facts import Identity
from terminal.iso8583.kinds import Silence
from terminal.iso8583.response_codes import APPROVED

MAGIC, VERSION, END = "#yuanlu-reconciliation", "1", "#end"
COLUMNS = [
    *("terminal_id", "batch", "stan", "kind", "mti", "amount"),
    *("rrn", "response_code", "state", "at", "clearing_date", "original_rrn"),
]
CREDITED = "credited"
BOOKED = frozenset({"approved", "pending", CREDITED})
ONE_DAY = timedelta(days=1)
REFUSED, REVERSED, VOIDED = "refused", "reversed", "voided"
MOST_ROWS, LONGEST_LINE, AMOUNT_DIGITS = 200_000, 400, 12
SHAPES = {  # of what is kept, shown and printed; nothing here can be a card number, or speak to a printer
    "terminal_id": re.compile("[0-9A-Za-z]{1,8}"),  # F41
    "batch": re.compile("[0-9]{0,6}"),
    "stan": re.compile("[0-9]{6}"),  # F11
    "kind": re.compile("[a-z0-9_-]{1,24}"),
    "rrn": re.compile("[0-9A-Za-z]{0,12}"),  # F37
    "response_code": re.compile("[0-9A-Za-z]{0,2}"),  # F39
}


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
        return self.first <= day and day + ONE_DAY <= self.last


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


def ours(text: str, me: Identity, today: date) -> File:
    """The file of this merchant; a day that is not over is in no file wholly, whatever its head says. Raises
    FileRefused."""
    file = parsed(text)
    if file.merchant_id != me.merchant_id:
        raise FileRefused(1, "the file of another merchant")
    return msgspec.structs.replace(file, last=min(file.last, today - ONE_DAY))


def is_of(row: Row, stage: Stage) -> bool:
    """Whether this row of its number and kind is that request, and not one of another amount or time.

    What is sent until it is answered may be decided much later than it was made (cup.md 4.8)."""
    request, day = stage.request, date.fromisoformat(stage.request.at[:10])
    amount = stage.amount if isinstance(stage, Accepted) else request.amount
    is_then = abs(row.day - day) <= ONE_DAY
    if request.terms.silence is Silence.REPEAT:
        is_then = row.day >= day - ONE_DAY
    return row.amount == amount.minor and is_then


def word(row: Row) -> Reconciled | None:
    """What it says of its request; nothing of one that was voided since, or refused with a code that approves."""
    if row.state in BOOKED:
        return Reconciled(True, "00", row.rrn)
    if row.state == REVERSED:
        return Reconciled(False)
    is_refusal = row.state == REFUSED and row.response_code not in APPROVED
    return Reconciled(True, row.response_code, row.rrn) if is_refusal else None


def absent(file: File, stage: Stage) -> Reconciled | None:
    """What it says of a request that it has no row of."""
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
    for name, shape in SHAPES.items():
        if not shape.fullmatch(at[name]):
            raise FileRefused(number, f"{name} is not as it must be")
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
