"""Electronic cash and offline sales. Law: the chip's money is its "purse:" account, filled before it is spent.

| asked              | what moves                                     | may be refused with                         |
|--------------------|------------------------------------------------|-----------------------------------------------|
| load, load other   | card -> purse (of the card in F62, or its own) | as a sale; 14 no such other card            |
| cash top-up        | merchant -> purse                              | 13, 14, 54                                  |
| its void           | purse -> merchant                              | as a void; 51 it is spent                   |
| offline sale       | purse -> merchant                              | 13, 14, 51                                  |
| offline refund     | merchant -> card                               | as a refund; 25 by F61 and F62, not by F37  |
| offline settlement | card -> merchant                               | 13, 14, 51                                  |
| adjustment, tip    | what the new total differs                     | 25, 12, 14, 51; a tip: 64 less, 61 over 20 %|

Sources: cup.md 2.1, 2.4, 2.16. An adjusted sale is not counted (2.11); the adjustment stands for it, and its own number
(F37) is the one to refund.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulator.acquirer.entry import Entry, State
from simulator.acquirer.request import Refusal, Request
from simulator.acquirer.rules import Desk, Done, Rule, card, given_back, known_card, same_card, some_amount, voidable
from terminal.iso8583.kinds import Kind

TERMINAL_ID_SIZE = 8
ADJUSTABLE = frozenset({Kind.SALE, Kind.OFFLINE_SETTLEMENT})


def load(desk: Desk, request: Request) -> Done:
    """圈存 from the card's own account."""
    return _loaded(desk, request, request.pan)


def load_other(desk: Desk, request: Request) -> Done:
    """非指定账户圈存: into the chip that F62 names, by this card."""
    return _loaded(desk, request, request.private or request.pan)


def top_up(desk: Desk, request: Request) -> Done:
    """现金充值: the merchant has taken cash and owes it."""
    some_amount(request)
    account = card(desk, request)
    purse = desk.ledger.sub_account("purse", request.pan)
    desk.ledger.post(request.rrn_here, request.merchant_id, purse, request.amount)
    return Done(organisation=account.organisation)


def top_up_void(desk: Desk, request: Request) -> Done:
    """充值撤销."""
    found = voidable(desk, request, Kind.CASH_TOP_UP)
    if desk.ledger.balance(f"purse:{found.pan}") < found.amount:
        raise Refusal("51")
    desk.ledger.undo(found.rrn, request.rrn_here)
    desk.ledger.mark(found.rrn, State.VOIDED)
    return Done(found.rrn, organisation=found.organisation)


def offline_sale(desk: Desk, request: Request) -> Done:
    """脱机消费上送: the chip has paid; its purse here follows."""
    some_amount(request)
    account = known_card(desk, request)
    return _paid(desk, request, f"purse:{request.pan}", account.organisation)


def offline_settlement(desk: Desk, request: Request) -> Done:
    """离线结算: authorised by telephone or below the floor limit."""
    some_amount(request)
    account = known_card(desk, request)
    return _paid(desk, request, request.pan, account.organisation)


def offline_refund(desk: Desk, request: Request) -> Done:
    """电子现金脱机退货: terminal (F62), batch, F11 and date name the sale; the money goes to the card's account."""
    some_amount(request)
    batch, stan, date = request.original
    found = _named(desk, request.private[:TERMINAL_ID_SIZE], batch, stan, frozenset({Kind.OFFLINE_SALE}))
    if found.merchant_id != request.merchant_id or found.at[5:7] + found.at[8:10] != date:
        raise Refusal("25")
    return given_back(desk, request, found)


def adjust(desk: Desk, request: Request) -> Done:
    """结算调整, 追加小费: F4 is the new total, and this entry stands for the original from now on."""
    some_amount(request)
    batch, stan, _ = request.original
    found = _named(desk, request.terminal_id, batch, stan, ADJUSTABLE)
    if found.rrn != request.rrn or found.batch != request.batch:
        raise Refusal("25")
    if found.state is not State.APPROVED or found.refunded:
        raise Refusal("12")
    account = same_card(desk, found, request)
    difference = request.amount - found.amount
    if request.kind is Kind.TIP:
        _tip(desk, found.amount, difference)
    if difference > max(account.balance, 0):
        raise Refusal("51")
    if difference > 0:
        desk.ledger.post(request.rrn_here, found.pan, request.merchant_id, difference)
    elif difference < 0:
        desk.ledger.post(request.rrn_here, request.merchant_id, found.pan, -difference)
    desk.ledger.mark(found.rrn, State.ADJUSTED)
    return Done(found.rrn, organisation=found.organisation)


def _tip(desk: Desk, amount: int, difference: int) -> None:
    if difference < 0:
        raise Refusal("64")
    if difference * 100 > amount * desk.manner.tip_percent:
        raise Refusal("61")


def _loaded(desk: Desk, request: Request, pan: str) -> Done:
    some_amount(request)
    account = card(desk, request)
    if desk.ledger.account(pan) is None:
        raise Refusal("14")
    purse = desk.ledger.sub_account("purse", pan)
    if account.balance < request.amount:
        raise Refusal("51")
    desk.ledger.post(request.rrn_here, request.pan, purse, request.amount)
    return Done(organisation=account.organisation)


def _paid(desk: Desk, request: Request, source: str, organisation: str) -> Done:
    if desk.ledger.balance(source) < request.amount:
        raise Refusal("51")
    desk.ledger.post(request.rrn_here, source, request.merchant_id, request.amount)
    return Done(organisation=organisation)


def _named(desk: Desk, terminal_id: str, batch: str, stan: str, kinds: frozenset[Kind]) -> Entry:
    for found in desk.ledger.entries_of(terminal_id, batch, stan):
        if found.kind in kinds:
            return found
    raise Refusal("25")


RULES: Mapping[Kind, Rule] = {
    Kind.LOAD: load,
    Kind.LOAD_OTHER: load_other,
    Kind.CASH_TOP_UP: top_up,
    Kind.CASH_TOP_UP_VOID: top_up_void,
    Kind.OFFLINE_SALE: offline_sale,
    Kind.OFFLINE_SETTLEMENT: offline_settlement,
    Kind.OFFLINE_REFUND: offline_refund,
    Kind.ADJUSTMENT: adjust,
    Kind.TIP: adjust,
}
