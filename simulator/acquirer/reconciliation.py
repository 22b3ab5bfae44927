"""The daily file for a merchant, as CSV. Law: a row a decided message; no card number; the end tells the sums.

    #yuanlu-reconciliation,1,<merchant_id>,<from YYYY-MM-DD>,<to YYYY-MM-DD>
    terminal_id,batch,stan,kind,mti,amount,rrn,response_code,state,at,clearing_date,original_rrn
    ...
    #end,<number of rows>,<sum of amounts>

A refund that reached its cardholder on one of the days is in the file again, "credited", whenever it was cleared.
Amounts are minor units. `state` is approved, refused, voided, reversed, pending or credited; a sale that an adjustment
stands for is "voided", and the adjustment's row names it in `original_rrn`.
"""

from __future__ import annotations

import csv
import io

from simulator.acquirer.entry import State
from simulator.acquirer.ledger import Ledger

TITLE, VERSION = "#yuanlu-reconciliation", 1
COLUMNS = (
    "terminal_id", "batch", "stan", "kind", "mti", "amount", "rrn", "response_code", "state", "at", "clearing_date",
    "original_rrn",
)  # fmt: skip
ROWS = (
    "SELECT terminal_id, batch, stan, kind, mti, amount, rrn, response_code, state, at, date, original_rrn"
    " FROM entry WHERE merchant_id = ?1 AND (date BETWEEN ?2 AND ?3"
    " OR (state = 'credited' AND substr(due, 1, 10) BETWEEN ?2 AND ?3)) ORDER BY rowid"
)
AMOUNT, STATE = COLUMNS.index("amount"), COLUMNS.index("state")


def reconciliation(ledger: Ledger, day: str, merchant_id: str, last: str = "") -> str:
    """The file of one clearing day, YYYY-MM-DD, or of all from it to `last`."""
    last = last or day
    text = io.StringIO()
    file = csv.writer(text, lineterminator="\n")
    file.writerow((TITLE, VERSION, merchant_id, day, last))
    file.writerow(COLUMNS)
    count = total = 0
    for row in ledger.run(ROWS, merchant_id, day, last):
        values = list(row)
        if values[STATE] == State.ADJUSTED.value:
            values[STATE] = State.VOIDED.value
        file.writerow(values)
        count, total = count + 1, total + values[AMOUNT]
    file.writerow(("#end", count, total))
    return text.getvalue()
