"""What comes after the money: script notices and signatures. Law: kept with the entry they belong to; no money moves.

| asked         | answer                                                                                               |
|---------------|------------------------------------------------------------------------------------------------------|
| script notice | 00, also the second time; 25 no such sale                                                            |
| signature     | 00; 94 had before; 25 no such entry, refused, or another amount (cup.md 5.4)                         |

A signature may come whole (60.3 = 800, one acquirer 301) or in parts (801 first, 802 to 809 appended; cup.md 5.1).
"""

from __future__ import annotations

from simulator.acquirer.entry import Entry, State
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.request import Refusal
from terminal.iso8583.dialect import Dialect
from terminal.iso8583.message import Message

PART = {f"80{number}": number for number in range(1, 10)}


def keep_script_notice(ledger: Ledger, dialect: Dialect, message: Message) -> None:
    """0620: what the issuer's script did to the card (cup.md 2.12)."""
    terminal_id, (batch, stan, _) = message["terminal_id"], dialect.original_of(message)
    found = _accepted(ledger, terminal_id, batch, stan)
    ledger.run(
        "INSERT OR IGNORE INTO script_notice VALUES (?, ?, ?, ?, ?)",
        *(terminal_id, batch, message["stan"], found.rrn, message["icc_data"]),
    )


def keep_signature(ledger: Ledger, dialect: Dialect, message: Message, code: str, at: str) -> None:
    """0820/800: batch and F11 are the original's."""
    found = _accepted(ledger, message["terminal_id"], dialect.batch_of(message), message["stan"])
    if int(message["amount"]) != found.amount:
        raise Refusal("25")
    image, part = bytes.fromhex(message["private_62"]), PART.get(code, 0)
    row = ledger.one("SELECT part, image FROM signature WHERE rrn = ?", found.rrn)
    if row is not None and (row[0] == 0 or part <= row[0]):
        raise Refusal("94")
    if part != (row[0] if row else 0) + 1 and part:
        raise Refusal("25")  # a part is missing before it
    if row is None:
        elements = bytes.fromhex(message["icc_data"])
        sql = "INSERT INTO signature (rrn, at, part, elements, image) VALUES (?, ?, ?, ?, ?)"
        ledger.run(sql, found.rrn, at, part, elements, image)
    else:
        ledger.run("UPDATE signature SET part = ?, image = ? WHERE rrn = ?", part, row[1] + image, found.rrn)


def _accepted(ledger: Ledger, terminal_id: str, batch: str, stan: str) -> Entry:
    """What stands under a number, whatever became of it later. Raises Refusal 25."""
    if batch and stan:
        for found in reversed(ledger.entries_of(terminal_id, batch, stan)):
            if found.state is not State.REFUSED:
                return found
    raise Refusal("25")
