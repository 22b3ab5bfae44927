"""A money message is decided once and written down, yes or no. Law: a number that was decided is not decided again.

The key is (terminal, MTI, batch, F11); what the bank does with a repeat is its manner (manner.py). A number that a
reversal or an inquiry has buried is refused with 12 and never booked (docs/adr/0002).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from simulator.acquirer import holds, purses, rules
from simulator.acquirer.entry import Entry, State
from simulator.acquirer.request import Refusal, Request
from simulator.acquirer.rules import Desk, Done, Rule
from terminal.iso8583.kinds import Kind
from terminal.iso8583.response_codes import PARTLY_APPROVED

RULES: Mapping[Kind, Rule] = {**rules.RULES, **holds.RULES, **purses.RULES}


class Decision(msgspec.Struct, frozen=True):
    """What was decided now or, of a repeat, before."""

    entry: Entry
    is_repeat: bool = False


def decide(desk: Desk, request: Request, approval_code: str, refuse_with: str = "") -> Decision:
    """Book it or refuse it; `refuse_with` refuses it beforehand. Raises Refusal 94 and 12, which leave no entry."""
    earlier = desk.ledger.entry_of(request.terminal_id, request.mti, request.batch, request.stan)
    if earlier is not None and desk.manner.repeats != "booked twice":
        if desk.manner.repeats == "same answer" and _is_same(earlier, request):
            return Decision(earlier, is_repeat=True)
        raise Refusal("94")
    if earlier is None and desk.ledger.is_dead(request.terminal_id, request.mti, request.batch, request.stan):
        raise Refusal("12")
    return Decision(_booked(desk, request, approval_code, refuse_with, earlier.copy + 1 if earlier else 0))


def _is_same(earlier: Entry, request: Request) -> bool:
    return (earlier.kind, earlier.asked, earlier.pan) == (request.kind, request.amount, request.pan)


def _booked(desk: Desk, request: Request, approval_code: str, refuse_with: str, copy: int) -> Entry:
    done, code = Done(request.rrn, refuse_with), approval_code
    if not refuse_with:
        try:
            done = RULES[request.kind](desk, request)
        except Refusal as refusal:
            done = Done(request.rrn, refusal.response_code)
    is_good = done.response_code in ("00", PARTLY_APPROVED)
    if not is_good:
        code = ""
    entry = Entry(
        rrn=request.rrn_here,
        kind=request.kind,
        mti=request.mti,
        stan=request.stan,
        batch=request.batch,
        terminal_id=request.terminal_id,
        merchant_id=request.merchant_id,
        amount=request.amount if done.amount < 0 else done.amount,
        asked=request.amount,
        pan=request.pan,
        approval_code=code,
        response_code=done.response_code,
        state=done.state if is_good else State.REFUSED,
        original_rrn=done.original_rrn,
        at=request.at,
        date=request.date,
        organisation=done.organisation or "CUP",
        copy=copy,
        due=done.due,
    )
    desk.ledger.book(entry)
    if is_good and request.kind in holds.HOLDING:
        holds.opened(desk.ledger, request, code)
    return entry
