"""Pre-authorisations: money set aside, taken, let go. Law: a card's "hold:" account is the sum of its open holds.

| asked           | may be refused with                                                                              |
|-----------------|--------------------------------------------------------------------------------------------------|
| pre-auth        | as a sale: 57, 13, 14, 54, 55, 51                                                                 |
| more            | 25 no such hold, 12 no longer open, 51                                                            |
| its void        | 25, 12, 64 not the whole of it                                                                    |
| completion      | 25, 12, 61 over 115 % of the hold, 51 what goes beyond the hold is not there                      |
| completion void | as a void; the hold stands again                                                                  |

A hold is named by card, approval code and date (F38, F61; cup.md 2.16). Only a whole void lets go; a completion takes
its amount and lets go of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from simulator.acquirer.entry import State
from simulator.acquirer.ledger import Ledger
from simulator.acquirer.request import Refusal, Request
from simulator.acquirer.rules import Desk, Done, Rule, card, known_card, not_keyed, some_amount, voidable
from terminal.iso8583.kinds import Kind

OPEN, COMPLETED, RELEASED = "open", "completed", "released"
FIND = (
    "SELECT rrn, amount, state FROM hold WHERE pan = ? AND approval_code = ? AND date = ? AND merchant_id = ?"
    " AND is_moto = ? ORDER BY state = 'open' DESC LIMIT 1"
)
COMPLETIONS = {Kind.COMPLETION_VOID: Kind.COMPLETION, Kind.MOTO_COMPLETION_VOID: Kind.MOTO_COMPLETION}
BY_MAIL = frozenset(kind for kind in Kind if kind.value.startswith("moto-"))
HOLDING = frozenset({Kind.PRE_AUTH, Kind.MOTO_PRE_AUTH})


class Hold(msgspec.Struct, frozen=True):
    """`amount` is all that was set aside, pre-authorisation and what was added."""

    rrn: str
    amount: int
    state: str


def pre_authorisation(desk: Desk, request: Request) -> Done:
    """Sets the money aside. Its hold is opened when it has its approval code (`opened`)."""
    not_keyed(request, "57")
    some_amount(request)
    account = card(desk, request)
    _set_aside(desk.ledger, request, account.balance)
    return Done(organisation=account.organisation)


def opened(ledger: Ledger, request: Request, approval_code: str) -> None:
    """The hold of an approved pre-authorisation, by the code that its answer tells."""
    at = request.at
    row = (request.rrn_here, request.pan, request.merchant_id, approval_code, at[5:7] + at[8:10])
    is_moto = request.kind in BY_MAIL
    ledger.run("INSERT INTO hold VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row, is_moto, request.amount, OPEN)


def more(desk: Desk, request: Request) -> Done:
    """追加: the same hold, larger."""
    not_keyed(request, "57")
    some_amount(request)
    account = card(desk, request)
    hold = _open_hold(desk.ledger, request)
    _set_aside(desk.ledger, request, account.balance)
    change(desk.ledger, hold.rrn, hold.amount + request.amount, OPEN)
    return Done(hold.rrn, organisation=account.organisation)


def release(desk: Desk, request: Request) -> Done:
    """预授权撤销: the whole of it."""
    account = known_card(desk, request)
    hold = _open_hold(desk.ledger, request)
    if hold.amount != request.amount:
        raise Refusal("64")
    desk.ledger.post(request.rrn_here, _account(request.pan), request.pan, hold.amount)
    change(desk.ledger, hold.rrn, hold.amount, RELEASED)
    return Done(hold.rrn, organisation=account.organisation)


def completion(desk: Desk, request: Request) -> Done:
    """预授权完成, asked or told: up to 115 % of the hold, the rest of it is let go."""
    some_amount(request)
    account = known_card(desk, request)
    hold = _open_hold(desk.ledger, request)
    if request.amount * 100 > hold.amount * desk.manner.completion_percent:
        raise Refusal("61")
    beyond = request.amount - hold.amount
    if beyond > max(account.balance, 0):
        raise Refusal("51")
    ledger, rrn, merchant = desk.ledger, request.rrn_here, request.merchant_id
    ledger.post(rrn, _account(request.pan), merchant, min(request.amount, hold.amount))
    if beyond > 0:
        ledger.post(rrn, request.pan, merchant, beyond)
    elif beyond < 0:
        ledger.post(rrn, _account(request.pan), request.pan, -beyond)
    change(ledger, hold.rrn, hold.amount, COMPLETED)
    return Done(hold.rrn, organisation=account.organisation)


def completion_void(desk: Desk, request: Request) -> Done:
    """完成撤销: as if it had not been completed; the hold stands again."""
    found = voidable(desk, request, COMPLETIONS[request.kind])
    desk.ledger.undo(found.rrn, request.rrn_here)
    desk.ledger.mark(found.rrn, State.VOIDED)
    set_state(desk.ledger, found.original_rrn, OPEN)
    return Done(found.rrn, organisation=found.organisation)


def hold_of(ledger: Ledger, rrn: str) -> Hold | None:
    """By the number of its first pre-authorisation."""
    row = ledger.one("SELECT rrn, amount, state FROM hold WHERE rrn = ?", rrn)
    return None if row is None else Hold(*row)


def taken_by(ledger: Ledger, rrn: str) -> int:
    """What a completion took out of its hold: all of it, as it was then."""
    row = ledger.one("SELECT SUM(amount) FROM posting WHERE rrn = ? AND debit LIKE 'hold:%'", rrn)
    return int(row[0] or 0) if row else 0


def change(ledger: Ledger, rrn: str, amount: int, state: str) -> None:
    ledger.run("UPDATE hold SET amount = ?, state = ? WHERE rrn = ?", amount, state, rrn)


def set_state(ledger: Ledger, rrn: str, state: str) -> None:
    ledger.run("UPDATE hold SET state = ? WHERE rrn = ?", state, rrn)


def _set_aside(ledger: Ledger, request: Request, balance: int) -> None:
    if balance < request.amount:
        raise Refusal("51")
    ledger.post(request.rrn_here, request.pan, ledger.sub_account("hold", request.pan), request.amount)


def _open_hold(ledger: Ledger, request: Request) -> Hold:
    key = (request.pan, request.approval_code, request.original[2], request.merchant_id, request.kind in BY_MAIL)
    row = ledger.one(FIND, *key)
    if row is None:
        raise Refusal("25")
    hold = Hold(*row)
    if hold.state != OPEN:
        raise Refusal("12")
    return hold


def _account(pan: str) -> str:
    return f"hold:{pan}"


RULES: Mapping[Kind, Rule] = {
    Kind.PRE_AUTH: pre_authorisation,
    Kind.MOTO_PRE_AUTH: pre_authorisation,
    Kind.PRE_AUTH_MORE: more,
    Kind.PRE_AUTH_VOID: release,
    Kind.MOTO_PRE_AUTH_VOID: release,
    **dict.fromkeys(
        (Kind.COMPLETION, Kind.COMPLETION_NOTICE, Kind.MOTO_COMPLETION, Kind.MOTO_COMPLETION_NOTICE), completion
    ),
    **dict.fromkeys(COMPLETIONS, completion_void),
}
