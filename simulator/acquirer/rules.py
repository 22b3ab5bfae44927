"""What the bank says to a money message. Law: a rule that is broken is a Refusal; nothing moves after one.

| asked    | may be refused with                                                                                    |
|----------|--------------------------------------------------------------------------------------------------------|
| sale     | 57 keyed by hand, 13 no amount, 14 no such card, 54 expired, 51 balance                                |
| void     | 25 not of this batch and clearing day, 12 refused, voided, reversed or refunded, 14 card, 64 amount    |
| refund   | 30 keyed by hand, 13 no amount, 25 no sale of that date, 12 not good any more, 14 card, 61 too much    |
| reversal | 25 nothing to undo (and never booked later), 64 amount, 12 since voided or refunded                    |
| inquiry  | 25 not known (and never booked later)                                                                  |

Sources: cup.md 2.2-2.5, 2.10. A sale voided before is 12, as for every original that is not good any more: C9 and CA
are one acquirer's own codes and not in the common table (cup.md 4.10).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import msgspec

from simulator.acquirer.ledger import Entry, Ledger, State
from terminal.iso8583.messages import Kind

KEYED_BY_HAND = "01"  # F22, first two digits
CURRENCY = "156"  # F49


class Refusal(Exception):
    """The answer is no; the argument is F39."""

    def __init__(self, response_code: str) -> None:
        super().__init__(response_code)
        self.response_code = response_code


class Service(Enum):
    """What may be asked."""

    SALE = "sale"
    VOID = "void"
    REFUND = "refund"
    REVERSAL_OF_SALE = "reversal of a sale"
    REVERSAL_OF_VOID = "reversal of a void"
    INQUIRY = "inquiry"


class Request(msgspec.Struct, frozen=True):
    """A money message, parsed. `at` is ISO 8601, `date` the clearing day YYYY-MM-DD, `month` YYMM; amounts minor."""

    service: Service
    mti: str
    terminal_id: str
    merchant_id: str
    stan: str
    batch: str
    amount: int
    pan: str
    expiry: str  # YYMM, or "" when neither F14 nor a track tells
    entry_mode: str
    rrn: str  # F37: the original's
    original: str  # F61
    rrn_here: str  # the number this request's own answer carries
    at: str
    date: str
    month: str

    def __repr__(self) -> str:
        """Never the card's data."""
        return f"Request({self.service.value}, {self.terminal_id}, {self.stan})"


def sale(ledger: Ledger, request: Request) -> str:
    """Books it; returns the rrn of the original, which a sale has not. Raises Refusal."""
    if request.entry_mode.startswith(KEYED_BY_HAND):
        raise Refusal("57")
    _some_amount(request)
    balance = _card_balance(ledger, request)
    if request.expiry and request.expiry < request.month:
        raise Refusal("54")
    if balance < request.amount:
        raise Refusal("51")
    ledger.post(request.rrn_here, request.pan, request.merchant_id, request.amount)
    return ""


def void(ledger: Ledger, request: Request) -> str:
    """Books it; returns the sale's rrn. Raises Refusal. Whole amounts only (cup.md 2.3)."""
    batch, stan = request.original[:6], request.original[6:12]
    found = ledger.entry_of(request.terminal_id, "0200", batch, stan)
    if found is None or found.kind is not Kind.SALE or found.rrn != request.rrn:
        raise Refusal("25")
    if batch != request.batch or found.date != request.date:
        raise Refusal("25")  # 隔日撤销: settled, a refund is the way now
    if found.state is not State.APPROVED or ledger.refunded(found.rrn):
        raise Refusal("12")
    _same_card(found, request)
    if found.amount != request.amount:
        raise Refusal("64")
    ledger.post(request.rrn_here, request.merchant_id, found.pan, request.amount)
    ledger.mark(found.rrn, State.VOIDED)
    return found.rrn


def refund(ledger: Ledger, request: Request) -> str:
    """Books it and credits at once; returns the sale's rrn. Raises Refusal."""
    if request.entry_mode.startswith(KEYED_BY_HAND):
        raise Refusal("30")  # cup.md 2.2, F22 of 退货
    _some_amount(request)
    found = ledger.entry(request.rrn)
    if found is None or found.kind is not Kind.SALE or found.merchant_id != request.merchant_id:
        raise Refusal("25")
    if found.date[5:7] + found.date[8:10] != request.original[12:16]:
        raise Refusal("25")
    if found.state is not State.APPROVED:
        raise Refusal("12")
    _same_card(found, request)
    if ledger.refunded(found.rrn) + request.amount > found.amount:
        raise Refusal("61")
    ledger.post(request.rrn_here, request.merchant_id, found.pan, request.amount)
    return found.rrn


def reverse(ledger: Ledger, request: Request, kind: Kind) -> None:
    """Undo a sale or a void; a second time changes nothing. Raises Refusal."""
    found = ledger.entry_of(request.terminal_id, "0200", request.batch, request.stan)
    if found is None or found.kind is not kind:
        ledger.bury(request.terminal_id, "0200", request.batch, request.stan)
        raise Refusal("25")
    if found.amount != request.amount:
        raise Refusal("64")
    if found.state in (State.REFUSED, State.REVERSED):
        return
    if found.state is not State.APPROVED or ledger.refunded(found.rrn):
        raise Refusal("12")
    ledger.mark(found.rrn, State.REVERSED)
    if kind is Kind.VOID:
        ledger.post(request.rrn_here, found.pan, found.merchant_id, found.amount)
        ledger.mark(found.original_rrn, State.APPROVED)
    else:
        ledger.post(request.rrn_here, found.merchant_id, found.pan, found.amount)


def inquire(ledger: Ledger, request: Request) -> str:
    """F39 and F37 of a refund's own answer, 14 characters. Raises Refusal: it is not here, and will never be."""
    batch, stan = request.original[:6], request.original[6:12]
    found = ledger.entry_of(request.terminal_id, "0220", batch, stan)
    if found is None:
        ledger.bury(request.terminal_id, "0220", batch, stan)
        raise Refusal("25")
    return found.response_code + found.rrn


BOOKED: dict[Service, tuple[Kind, Callable[[Ledger, Request], str]]] = {
    Service.SALE: (Kind.SALE, sale),
    Service.VOID: (Kind.VOID, void),
    Service.REFUND: (Kind.REFUND, refund),
}


def check_number(ledger: Ledger, request: Request) -> None:
    """Each (terminal, MTI, batch, F11) is decided once. Raises Refusal: 94 decided before, 12 dead before it came."""
    key = (request.terminal_id, request.mti, request.batch, request.stan)
    if ledger.entry_of(*key) is not None:
        raise Refusal("94")
    if ledger.is_dead(*key):
        raise Refusal("12")


def book(ledger: Ledger, request: Request, approval_code: str, refuse_with: str = "") -> str:
    """Decide a sale, void or refund and write it down, yes or no; returns F39. `refuse_with` decides it beforehand."""
    kind, rule = BOOKED[request.service]
    response_code, original = "00", request.rrn
    try:
        if refuse_with:
            raise Refusal(refuse_with)
        original = rule(ledger, request)
    except Refusal as refusal:
        response_code, approval_code = refusal.response_code, ""
    entry = Entry(
        rrn=request.rrn_here,
        kind=kind,
        mti=request.mti,
        stan=request.stan,
        batch=request.batch,
        terminal_id=request.terminal_id,
        merchant_id=request.merchant_id,
        amount=request.amount,
        pan=request.pan,
        approval_code=approval_code,
        response_code=response_code,
        state=State.APPROVED if response_code == "00" else State.REFUSED,
        original_rrn=original,
        at=request.at,
        date=request.date,
    )
    ledger.book(entry)
    return response_code


def _some_amount(request: Request) -> None:
    if request.amount == 0:
        raise Refusal("13")


def _card_balance(ledger: Ledger, request: Request) -> int:
    balance = ledger.card_balance(request.pan)
    if balance is None:
        raise Refusal("14")
    return balance


def _same_card(found: Entry, request: Request) -> None:
    if found.pan != request.pan:
        raise Refusal("14")
