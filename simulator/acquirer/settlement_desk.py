"""Totals, uploads, disputes: the end of a batch (cup.md 2.11). Law: a difference is listed; a detail moves no money.

| message              | answer                                                                                       |
|----------------------|----------------------------------------------------------------------------------------------|
| 0500 totals          | F48 with the bank's own sums and a verdict for home and foreign cards: 1, 2, 3; no F39, but  |
|                      | where the bank cannot compare (97, 03, 58, 77, 30): then F39 and verdict 3                   |
| 0320 details, notice | 00; 94 had before; 12 nothing was settled before                                              |
| 0320 certificate     | the same                                                                                      |
| 0320 end             | 00 and the batch is closed; 95 the count of items is not what came: send the rest             |

A notice (refund, completion, offline) that the bank has not is booked when the totals of its side were not balanced:
it is a notification that clears. One that was refused, is dead (docs/adr/0002) or breaks a rule is a dispute, and is
answered 00 all the same. An item is one transaction: a message of details holds up to eight.
"""

from __future__ import annotations

import msgspec

from simulator.acquirer.entry import Entry, State
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.request import Refusal
from simulator.acquirer.rules import UNKNOWN_ORGANISATION
from terminal.iso8583.dialect import Dialect
from terminal.iso8583.kinds import Side
from terminal.iso8583.message import Message, WireError
from terminal.iso8583.settlement import BALANCED, NOT_BALANCED, WRONG, Detail, Totals, details, totals

HOME = ("CUP", UNKNOWN_ORGANISATION, "")  # F63.1, cup.md 1.8
COUNTED = frozenset({State.APPROVED, State.VOIDED, State.PENDING, State.CREDITED})
SUMS = (
    "SELECT kind, organisation, COUNT(*), SUM(amount) FROM entry WHERE terminal_id = ? AND batch = ?"
    " AND state IN ('approved', 'voided', 'pending', 'credited') GROUP BY kind, organisation"
)
UNKNOWN, OTHER_AMOUNT, OTHER_CARD, NOT_GOOD, DEAD, MISSING = (
    *("not in the bank's books", "another amount", "another card", "refused or undone by the bank"),
    *("never to be booked", "not sent by the terminal"),
)


class Settlement(msgspec.Struct, frozen=True):
    """The row of one batch."""

    home: int
    foreign: int
    is_closed: bool
    own: str

    @property
    def is_balanced(self) -> bool:
        return self.home == self.foreign == BALANCED


def own_totals(ledger: Ledger, dialect: Dialect, terminal_id: str, batch: str, currency: str) -> Totals:
    """What the books say of a batch: a voided sale counts, and so does its void; what was reversed does not."""
    sums = {"debit": 0, "debits": 0, "credit": 0, "credits": 0}
    sums |= {f"foreign_{name}": 0 for name in sums}
    sides = {kind.value: form.side for kind, form in dialect.forms.items()}
    for kind, organisation, count, amount in ledger.run(SUMS, terminal_id, batch):
        side = sides.get(kind, Side.NONE)
        if side is Side.NONE:
            continue
        name = side.value if organisation in HOME else f"foreign_{side.value}"
        sums[name] += amount
        sums[f"{name}s"] += count
    return Totals(**sums, currency=currency)


def settle(ledger: Ledger, dialect: Dialect, message: Message, at: str, day: str) -> str:
    """F48 of a 0510. A batch that is closed is told what it was told before. Raises Refusal 30."""
    terminal_id, batch = message["terminal_id"], dialect.batch_of(message)
    found = settlement_of(ledger, terminal_id, batch)
    if found is not None and found.is_closed:
        return found.own
    try:
        said = totals(message["additional_data"])
    except WireError:
        raise Refusal("30") from None
    own = own_totals(ledger, dialect, terminal_id, batch, said.currency)
    verdicts = _compared(said, own)
    text = own.text(*verdicts)
    ledger.run(
        'INSERT INTO settlement (terminal_id, batch, at, date, said, own, home, "foreign")'
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (terminal_id, batch) DO UPDATE SET at = excluded.at,"
        ' said = excluded.said, own = excluded.own, home = excluded.home, "foreign" = excluded."foreign"',
        *(terminal_id, batch, at, day, said.text(), text, *verdicts),
    )
    return text


def _compared(said: Totals, own: Totals) -> tuple[int, int]:
    home = (said.debit, said.debits, said.credit, said.credits) == (own.debit, own.debits, own.credit, own.credits)
    foreign = (said.foreign_debit, said.foreign_debits, said.foreign_credit, said.foreign_credits) == (
        *(own.foreign_debit, own.foreign_debits, own.foreign_credit, own.foreign_credits),
    )
    return (BALANCED if home else NOT_BALANCED), (BALANCED if foreign else NOT_BALANCED)


def wrong_totals(said: str) -> str:
    """F48 of a 0510 that could not compare: what was said, with verdict 3."""
    try:
        return totals(said).text(WRONG, WRONG)
    except WireError:
        return Totals().text(WRONG, WRONG)


def settlement_of(ledger: Ledger, terminal_id: str, batch: str) -> Settlement | None:
    sql = 'SELECT home, "foreign", is_closed, own FROM settlement WHERE terminal_id = ? AND batch = ?'
    row = ledger.one(sql, terminal_id, batch)
    return None if row is None else Settlement(row[0], row[1], bool(row[2]), row[3])


# --- uploads ---------------------------------------------------------------------------------------------------------
class Upload(msgspec.Struct, frozen=True):
    """One message of an upload, for its batch."""

    ledger: Ledger
    message: Message
    batch: str
    settlement: Settlement

    @property
    def terminal_id(self) -> str:
        return self.message["terminal_id"]

    def has(self, sort: str, stan: str) -> bool:
        sql = "SELECT 1 FROM upload WHERE terminal_id = ? AND batch = ? AND sort = ? AND stan = ?"
        return self.ledger.one(sql, self.terminal_id, self.batch, sort, stan) is not None

    def keep(self, sort: str, stan: str, item: str) -> None:
        fields = msgspec.json.encode(self.message.masked_fields()).decode()
        row = (self.terminal_id, self.batch, sort, stan, item, fields)
        self.ledger.run("INSERT INTO upload VALUES (?, ?, ?, ?, ?, ?)", *row)

    def had(self) -> set[str]:
        """The transactions that the upload named so far, by F11."""
        sql = "SELECT item FROM upload WHERE terminal_id = ? AND batch = ?"
        return {row[0] for row in self.ledger.run(sql, self.terminal_id, self.batch)}

    def dispute(self, stan: str, what: str, said: int = 0, own: int = 0) -> None:
        self.ledger.run(
            "INSERT OR IGNORE INTO dispute (terminal_id, batch, stan, what, said, own) VALUES (?, ?, ?, ?, ?, ?)",
            *(self.terminal_id, self.batch, stan, what, said, own),
        )

    def entries(self, stan: str) -> list[Entry]:
        return self.ledger.entries_of(self.terminal_id, self.batch, stan)


def begun(ledger: Ledger, dialect: Dialect, message: Message) -> Upload:
    """Raises Refusal 12: nothing was settled before."""
    batch = dialect.batch_of(message)
    found = settlement_of(ledger, message["terminal_id"], batch)
    if found is None:
        raise Refusal("12")
    return Upload(ledger, message, batch, found)


def take_details(upload: Upload) -> None:
    """Compare up to eight transactions with the books. Raises Refusal 30, or 94 when all of them were had before."""
    try:
        rows = details(upload.message["additional_data"])
    except (WireError, ValueError):
        raise Refusal("30") from None
    fresh = [row for row in rows if not upload.has("detail", row.stan)]
    if not fresh or upload.settlement.is_closed:
        raise Refusal("94")
    for row in fresh:
        upload.keep("detail", row.stan, row.stan)
        _compare(upload, row)


def _compare(upload: Upload, row: Detail) -> None:
    found = upload.entries(row.stan)
    good = [entry for entry in found if entry.state in COUNTED]
    if not good:
        upload.dispute(row.stan, NOT_GOOD if found else UNKNOWN, row.amount, 0)
    elif row.pan != good[-1].pan:
        upload.dispute(row.stan, OTHER_CARD, row.amount, good[-1].amount)
    elif row.amount != good[-1].amount:
        upload.dispute(row.stan, OTHER_AMOUNT, row.amount, good[-1].amount)


def is_had(upload: Upload, sort: str) -> bool:
    """The item of this message's F11 came before."""
    return upload.settlement.is_closed or upload.has(sort, upload.message["stan"])


def compare_notice(upload: Upload, mti: str, amount: int) -> bool:
    """True when the bank has not decided it yet, and may book it now; else what differs is listed."""
    stan = upload.message["stan"]
    found = upload.ledger.entry_of(upload.terminal_id, mti, upload.batch, stan)
    if found is not None:
        if found.state not in COUNTED:
            upload.dispute(stan, NOT_GOOD, amount, 0)
        elif found.amount != amount:
            upload.dispute(stan, OTHER_AMOUNT, amount, found.amount)
        return False
    if upload.ledger.is_dead(upload.terminal_id, mti, upload.batch, stan):
        upload.dispute(stan, DEAD, amount, 0)
        return False
    if upload.settlement.is_balanced:
        upload.dispute(stan, UNKNOWN, amount, 0)
        return False
    return True


def take_certificate(upload: Upload) -> None:
    """A chip's TC (203, 205), for a sale that the books have. Raises Refusal 94."""
    if is_had(upload, "certificate"):
        raise Refusal("94")
    message, had = upload.message, upload.had()
    amount = int(message["amount"])
    same = [
        entry
        for entry in upload.ledger.entries_of(upload.terminal_id, upload.batch)
        if (entry.pan, entry.amount) == (message["pan"], amount) and entry.state in COUNTED and entry.stan not in had
    ]
    # F11 is the sale's own by one source and a new one by another (cup.md 2.11, 2.15)
    found = next((entry for entry in same if entry.stan == message["stan"]), same[0] if same else None)
    upload.keep("certificate", message["stan"], found.stan if found else "")
    if found is None:
        upload.dispute(message["stan"], UNKNOWN, amount, 0)


def take_failed(upload: Upload) -> None:
    """What a chip refused, or approved against its issuer (204, 206): kept. Raises Refusal 94."""
    if is_had(upload, "failed"):
        raise Refusal("94")
    upload.keep("failed", upload.message["stan"], "")


def finish(upload: Upload, dialect: Dialect) -> None:
    """202 and 207: the count of items is right, the batch is closed. Raises Refusal 30, 95."""
    text = upload.message["additional_data"]
    if len(text) != 4:
        raise Refusal("30")
    if upload.settlement.is_closed:
        return
    sql = "SELECT COUNT(*) FROM upload WHERE terminal_id = ? AND batch = ?"
    row = upload.ledger.one(sql, upload.terminal_id, upload.batch)
    if row is None or row[0] != int(text):
        raise Refusal("95")
    if not upload.settlement.is_balanced:
        _list_missing(upload, dialect)
    sql = "UPDATE settlement SET is_closed = 1 WHERE terminal_id = ? AND batch = ?"
    upload.ledger.run(sql, upload.terminal_id, upload.batch)
    upload.ledger.next_batch(upload.terminal_id)


def _list_missing(upload: Upload, dialect: Dialect) -> None:
    """What the books count and no item of the upload named."""
    had = upload.had()
    for entry in upload.ledger.entries_of(upload.terminal_id, upload.batch):
        side = dialect.forms[entry.kind].side if entry.kind in dialect.forms else Side.NONE
        verdict = upload.settlement.home if entry.organisation in HOME else upload.settlement.foreign
        if side is Side.NONE or verdict == BALANCED or entry.state not in COUNTED or entry.stan in had:
            continue
        upload.dispute(entry.stan, MISSING, 0, entry.amount)
