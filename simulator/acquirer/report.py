"""What may be shown of the books. Law: JSON-ready, newest first, minor units, card numbers masked, no key, no PIN."""

from __future__ import annotations

import sqlite3
from typing import Any

from terminal.iso8583.message import mask_pan

MESSAGES_SHOWN = 50
ACCOUNTS = "SELECT id, kind, name, balance FROM account ORDER BY kind = 'merchant', kind, rowid"  # merchants come last
ENTRIES = (
    "SELECT kind, amount, state, response_code, rrn, original_rrn, stan, batch, pan, at FROM entry ORDER BY rowid DESC"
)
MESSAGES = "SELECT mti, answer_mti, stan, response_code, at FROM message ORDER BY id DESC LIMIT ?"
SETTLEMENTS = (
    'SELECT terminal_id, batch, at, said, own, home, "foreign", is_closed,'
    " (SELECT COUNT(*) FROM dispute WHERE dispute.terminal_id = settlement.terminal_id"
    " AND dispute.batch = settlement.batch) AS disputes FROM settlement ORDER BY id DESC"
)
SIGNATURES = "SELECT id, rrn, length(image) AS size FROM signature ORDER BY id DESC"


def report(db: sqlite3.Connection) -> dict[str, Any]:
    """Accounts, transactions, messages, settlements, signatures."""
    return {
        "accounts": [_account(*row) for row in db.execute(ACCOUNTS)],
        "transactions": [_entry(dict(row)) for row in db.execute(ENTRIES)],
        "messages": _messages(db),
        "settlements": [dict(row) for row in db.execute(SETTLEMENTS)],
        "signatures": [dict(row) for row in db.execute(SIGNATURES)],
    }


def _account(id: str, kind: str, name: str, balance: int) -> dict[str, Any]:
    pan = {"card": id, "hold": id[5:], "purse": id[6:], "points": id[7:]}.get(kind, "")
    return {"kind": kind, "name": name, "masked_pan": mask_pan(pan), "balance": balance}


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in row.items() if name != "pan"}, "masked_pan": mask_pan(row["pan"])}


def _messages(db: sqlite3.Connection) -> list[dict[str, str]]:
    """Each answer, then the request it answers."""
    shown = []
    for mti, answer_mti, stan, response_code, at in db.execute(MESSAGES, (MESSAGES_SHOWN // 2,)):
        both = {"stan": stan, "at": at}
        shown.append({"mti": answer_mti, **both, "response_code": response_code, "direction": "sent"})
        shown.append({"mti": mti, **both, "response_code": "", "direction": "received"})
    return shown
