"""Reversal and inquiry: what ends an exchange without an answer. Law: what they say ends a debt must be true for ever.

| asked    | answer                                                                                                  |
|----------|---------------------------------------------------------------------------------------------------------|
| reversal | 00 undone, now or before, or never booked because it was refused · 25 nothing to undo (and never booked |
|          | later) · 64 amount · 12 since voided, refunded, adjusted or completed · 22 of an earlier clearing day   |
| inquiry  | 00 and what it was told · 25 not known (and never booked later)                                          |

Sources: cup.md 1.7, 2.5, 2.10; docs/adr/0002; docs/protocol.md.

**22 for a late reversal** (不支持隔日冲正). A terminal takes 00, 25 and 12 for "cleared" (cup.md 4.4): it
forgets its debt and tells the merchant that the sale never was. Yesterday's sale is booked and cleared, so any of
these would cost the cardholder the amount. 22 is "操作有误，或超出交易允许天数", too many days: the truth, and no code
that clears. The reversal stays with the terminal, which says so; a refund by the original's number puts it right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from simulator.acquirer import holds
from simulator.acquirer.entry import GOOD, Entry, State, Terminal
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.request import Refusal, Visit, original_of
from simulator.acquirer.rules import REFUND_OF, VOID_OF, Desk
from terminal.iso8583.dialect import Dialect, Original
from terminal.iso8583.kinds import Kind


class Undoing(msgspec.Struct, frozen=True):
    """What is to be undone or asked about: `kinds` and their MTIs by the message, the number by F60.2 and F11.

    `named` is what F61 says; it must be the same number when it says one (cup.md 1.7).
    """

    kinds: frozenset[Kind]
    mtis: frozenset[str]
    terminal_id: str
    batch: str
    stan: str
    amount: int
    named: Original
    rrn_here: str
    day: str


def asked_of(
    dialect: Dialect, currency: str, visit: Visit, kinds: tuple[Kind, ...], terminal: Terminal, *, by_f61: bool
) -> Undoing:
    """Out of a reversal, or (`by_f61`) an inquiry, whose own number is not the one asked about. Raises Refusal 30."""
    message, form = visit.message, dialect.forms[kinds[0]]
    named = original_of(dialect, form, message) if form.original and not by_f61 else dialect.original_of(message)
    batch, stan = dialect.batch_of(message) or terminal.batch, message["stan"]
    if by_f61:
        batch, stan = named[0], named[1]
    if message["currency"] not in ("", currency) or not (batch and stan):
        raise Refusal("30")
    return Undoing(
        kinds=frozenset(kinds),
        mtis=frozenset(dialect.forms[kind].mti for kind in kinds),
        terminal_id=terminal.terminal_id,
        batch=batch,
        stan=stan,
        amount=int(message["amount"]),
        named=named,
        rrn_here=visit.number,
        day=visit.day,
    )


def reverse(desk: Desk, asked: Undoing) -> None:
    """Undo an approved message; a second time changes nothing. Raises Refusal."""
    found = _found(desk.ledger, asked)
    if found.asked != asked.amount:
        raise Refusal("64")
    if found.state in (State.REFUSED, State.REVERSED):
        return
    if found.date != asked.day and not desk.manner.allows_late_reversal:
        raise Refusal("22")
    if found.state not in GOOD or found.refunded:
        raise Refusal("12")
    restore = RESTORE.get(found.kind)
    if restore is not None:
        restore(desk.ledger, found)
    desk.ledger.undo(found.rrn, asked.rrn_here)
    desk.ledger.mark(found.rrn, State.REVERSED)


def inquire(ledger: Ledger, asked: Undoing) -> str:
    """F39 and F37 of a message's own answer, 14 characters. Raises Refusal 25: it is not here, and will never be."""
    found = _last(ledger, asked, asked.batch, asked.stan)
    if found is None:
        _bury(ledger, asked)
        raise Refusal("25")
    return found.response_code + found.rrn


def _found(ledger: Ledger, asked: Undoing) -> Entry:
    """By its own number; a dialect whose reversal has a number of its own names the original's."""
    batch, stan, _ = asked.named
    names_another = bool(stan) and (batch or asked.batch, stan) != (asked.batch, asked.stan)
    found = _last(ledger, asked, asked.batch, asked.stan)
    if found is not None and names_another:
        raise Refusal("30")
    if found is None and names_another:
        asked = msgspec.structs.replace(asked, batch=batch or asked.batch, stan=stan)
        found = _last(ledger, asked, asked.batch, asked.stan)
    if found is None:
        _bury(ledger, asked)
        raise Refusal("25")
    return found


def _last(ledger: Ledger, asked: Undoing, batch: str, stan: str) -> Entry | None:
    """The last copy that still stands, or the last."""
    copies = [found for found in ledger.entries_of(asked.terminal_id, batch, stan) if found.kind in asked.kinds]
    standing = [found for found in copies if found.state is not State.REVERSED]
    found = standing or copies
    return found[-1] if found else None


def _bury(ledger: Ledger, asked: Undoing) -> None:
    for mti in asked.mtis:
        ledger.bury(asked.terminal_id, mti, asked.batch, asked.stan)


# --- what a reversal restores beside the money ------------------------------------------------------------------------
def _void(ledger: Ledger, found: Entry) -> None:
    ledger.mark(found.original_rrn, State.APPROVED)


def _refund(ledger: Ledger, found: Entry) -> None:
    """Where a dialect's refund is a request, and reversed as any other."""
    ledger.add_refunded(found.original_rrn, -found.amount)


def _pre_authorisation(ledger: Ledger, found: Entry) -> None:
    hold = holds.hold_of(ledger, found.rrn)
    if hold is None or hold.state != holds.OPEN or hold.amount != found.amount:
        raise Refusal("12")
    holds.set_state(ledger, hold.rrn, holds.RELEASED)


def _more(ledger: Ledger, found: Entry) -> None:
    hold = holds.hold_of(ledger, found.original_rrn)
    if hold is None or hold.state != holds.OPEN:
        raise Refusal("12")
    holds.change(ledger, hold.rrn, hold.amount - found.amount, holds.OPEN)


def _hold_again(ledger: Ledger, found: Entry) -> None:
    holds.set_state(ledger, found.original_rrn, holds.OPEN)


def _completion_void(ledger: Ledger, found: Entry) -> None:
    completion = ledger.entry(found.original_rrn)
    hold = holds.hold_of(ledger, completion.original_rrn) if completion else None
    if completion is None or hold is None or hold.state != holds.OPEN:
        raise Refusal("12")  # completed again, or let go, since
    if hold.amount != holds.taken_by(ledger, completion.rrn):
        raise Refusal("12")  # made larger since
    holds.set_state(ledger, hold.rrn, holds.COMPLETED)
    ledger.mark(completion.rrn, State.APPROVED)


RESTORE: Mapping[Kind, Callable[[Ledger, Entry], None]] = {
    **dict.fromkeys(VOID_OF, _void),
    Kind.CASH_TOP_UP_VOID: _void,
    **dict.fromkeys(REFUND_OF, _refund),
    **dict.fromkeys(holds.HOLDING, _pre_authorisation),
    Kind.PRE_AUTH_MORE: _more,
    **dict.fromkeys((Kind.PRE_AUTH_VOID, Kind.MOTO_PRE_AUTH_VOID), _hold_again),
    **dict.fromkeys((Kind.COMPLETION, Kind.MOTO_COMPLETION), _hold_again),
    **dict.fromkeys(holds.COMPLETIONS, _completion_void),
}
