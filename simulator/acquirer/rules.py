"""What the bank says to who buys and gives back. Law: a rule that is broken is a Refusal; nothing moves after one.

| asked     | may be refused with                                                                                    |
|-----------|--------------------------------------------------------------------------------------------------------|
| any       | 14 no such card, 54 expired, 75 and 55 PIN, 59 the chip's cryptogram, 13 no amount                     |
| sale      | 57 keyed by hand (but by mail or telephone), 61 over the limit, 51 balance; 10 a part of it            |
| void      | 25 not of this batch and clearing day, 12 refused, voided, reversed, refunded or adjusted, 14 card, 64 |
| refund    | 30 keyed by hand, 25 no sale of that date, 12 not good any more, or not to be refunded so, 14,        |
|           | 61 more than remains, 49 too old                                                                       |

Sources: cup.md 2.2-2.5. A sale voided before is 12, as for every original that is not good any more: C9 and CA are one
acquirer's own codes and not in the common table (cup.md 4.10). The rest is in holds.py and purses.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

import msgspec

from simulator.acquirer.entry import Account, Entry, State
from simulator.acquirer.issuer import Issuer
from simulator.acquirer.ledger import CLEARING, Ledger
from simulator.acquirer.manner import Manner
from simulator.acquirer.request import Refusal, Request, tags
from terminal.iso8583.kinds import Kind
from terminal.iso8583.response_codes import PARTLY_APPROVED

KEYED_BY_HAND = "01"  # F22, first two digits
UNKNOWN_ORGANISATION = "000"  # F63.1 of a refund, cup.md 1.8
BALANCE_FORM = "1002156"  # F54: savings, available, CNY (cup.md 1.5)
ARQC = 0x9F26


class Desk(msgspec.Struct, frozen=True):
    """What a rule may look at and change."""

    ledger: Ledger
    manner: Manner
    issuer: Issuer | None = None


class Done(msgspec.Struct, frozen=True):
    """What a rule that was kept came to; `amount` is what was booked, when not what was asked."""

    original_rrn: str = ""
    response_code: str = "00"
    amount: int = -1
    state: State = State.APPROVED
    due: str = ""
    balance: str = ""  # F54
    organisation: str = ""


Rule = Callable[[Desk, Request], Done]

VOID_OF: Mapping[Kind, Kind] = {
    Kind.VOID: Kind.SALE,
    Kind.INSTALMENT_VOID: Kind.INSTALMENT,
    Kind.POINTS_VOID: Kind.POINTS,
    Kind.MOTO_VOID: Kind.MOTO_SALE,
    Kind.RESERVATION_VOID: Kind.RESERVATION,
}
BY_MAIL = frozenset({Kind.MOTO_SALE, Kind.MOTO_REFUND, Kind.MOTO_PRE_AUTH})  # the card is not there, cup.md 4.6
PAID_BY_MAIL = frozenset({Kind.MOTO_SALE, Kind.MOTO_COMPLETION, Kind.MOTO_COMPLETION_NOTICE})
PAID = frozenset(
    {
        *(Kind.SALE, Kind.RESERVATION, Kind.COMPLETION, Kind.COMPLETION_NOTICE),
        *(Kind.OFFLINE_SETTLEMENT, Kind.ADJUSTMENT, Kind.TIP),
    }
)
REFUND_OF: Mapping[Kind, frozenset[Kind]] = {Kind.REFUND: PAID, Kind.MOTO_REFUND: PAID_BY_MAIL}
REFUNDS = frozenset({*REFUND_OF, Kind.OFFLINE_REFUND})
SALES = PAID | PAID_BY_MAIL | {Kind.INSTALMENT, Kind.POINTS, Kind.OFFLINE_SALE}


# --- the card --------------------------------------------------------------------------------------------------------
def card(desk: Desk, request: Request) -> Account:
    """The account of a card that may be used. Raises Refusal."""
    account = known_card(desk, request)
    if request.expiry and request.expiry < request.month:
        raise Refusal("54")
    _chip(desk, request)
    return account


def known_card(desk: Desk, request: Request) -> Account:
    """The account, when the PIN that came along is its own; expiry does not matter. Raises Refusal 14, 55, 75."""
    account = desk.ledger.account(request.pan)
    if account is None:
        raise Refusal("14")
    if request.pin and account.pin:
        if account.pin_wrong >= desk.manner.pin_tries:
            raise Refusal("75")
        if request.pin != account.pin:
            desk.ledger.note_pin(request.pan, account.pin_wrong + 1)
            raise Refusal("75" if account.pin_wrong + 1 >= desk.manner.pin_tries else "55")
        if account.pin_wrong:
            desk.ledger.note_pin(request.pan, 0)
    return account


def same_card(desk: Desk, found: Entry, request: Request) -> Account:
    """Raises Refusal 14 for another one."""
    if found.pan != request.pan:
        raise Refusal("14")
    return known_card(desk, request)


def some_amount(request: Request) -> None:
    if request.amount == 0:
        raise Refusal("13")


def not_keyed(request: Request, response_code: str) -> None:
    if request.entry_mode.startswith(KEYED_BY_HAND) and request.kind not in BY_MAIL:
        raise Refusal(response_code)


def _chip(desk: Desk, request: Request) -> None:
    if desk.issuer is None or not request.icc_data or not desk.issuer.owns(request.pan):
        return
    is_asking = ARQC in tags(request.icc_data)
    if is_asking and not desk.issuer.is_genuine(request.pan, request.psn, bytes.fromhex(request.icc_data)):
        raise Refusal("59")


# --- sales -----------------------------------------------------------------------------------------------------------
def sale(desk: Desk, request: Request) -> Done:
    """Takes the money, or a part of it from who accepts a part."""
    not_keyed(request, "57")
    some_amount(request)
    account = card(desk, request)
    return _taken(desk, request, request.pan, account, account.balance)


def points(desk: Desk, request: Request) -> Done:
    """积分消费: the bank pays the merchant for the points."""
    not_keyed(request, "57")
    some_amount(request)
    account = card(desk, request)
    purse = desk.ledger.sub_account("points", request.pan)
    return _taken(desk, request, purse, account, desk.ledger.balance(purse))


def _taken(desk: Desk, request: Request, source: str, account: Account, balance: int) -> Done:
    manner, amount = desk.manner, request.amount
    if manner.limit_per_sale and amount > manner.limit_per_sale:
        raise Refusal("61")
    if balance < amount:
        if not (manner.accepts_partial and request.accepts_partial and balance > 0):
            raise Refusal("51")
        amount = balance
    desk.ledger.post(request.rrn_here, source, request.merchant_id, amount)
    code = "00" if amount == request.amount else PARTLY_APPROVED
    return Done(response_code=code, amount=amount, organisation=account.organisation)


# --- voids -----------------------------------------------------------------------------------------------------------
def void(desk: Desk, request: Request) -> Done:
    """Whole amounts only, today only (cup.md 2.3)."""
    found = voidable(desk, request, VOID_OF[request.kind])
    desk.ledger.undo(found.rrn, request.rrn_here)
    desk.ledger.mark(found.rrn, State.VOIDED)
    return Done(found.rrn, organisation=found.organisation)


def voidable(desk: Desk, request: Request, kind: Kind) -> Entry:
    """The original that F61 and F37 name, when it may be voided. Raises Refusal."""
    batch, stan, _ = request.original
    named = [found for found in desk.ledger.entries_of(request.terminal_id, batch, stan) if found.kind is kind]
    found = next((one for one in named if one.rrn == request.rrn), None)
    if found is None or batch != request.batch or found.date != request.date:
        raise Refusal("25")  # 隔日撤销: settled, a refund is the way now
    if found.state is not State.APPROVED or found.refunded:
        raise Refusal("12")
    same_card(desk, found, request)
    if found.amount != request.amount:
        raise Refusal("64")
    return found


# --- refunds ---------------------------------------------------------------------------------------------------------
def refund(desk: Desk, request: Request) -> Done:
    """Gives back a part or all of a sale that F37 and its date name."""
    not_keyed(request, "30")  # cup.md 2.2, F22 of 退货
    some_amount(request)
    found = desk.ledger.entry(request.rrn)
    if found is None or found.kind not in SALES or found.merchant_id != request.merchant_id:
        raise Refusal("25")
    if found.at[5:7] + found.at[8:10] != request.original[2]:
        raise Refusal("25")
    if found.kind not in REFUND_OF[request.kind]:
        raise Refusal("12")
    return given_back(desk, request, found)


def given_back(desk: Desk, request: Request, found: Entry) -> Done:
    """Books a refund of `found` to its card's account, at once or when it is due. Raises Refusal."""
    if found.state is not State.APPROVED:
        raise Refusal("12")
    same_card(desk, found, request)
    _young_enough(desk, request, found)
    if found.refunded + request.amount > found.amount:
        raise Refusal("61")
    desk.ledger.add_refunded(found.rrn, request.amount)
    organisation = request.organisation if request.organisation == UNKNOWN_ORGANISATION else found.organisation
    if not desk.manner.credit_seconds:
        desk.ledger.post(request.rrn_here, request.merchant_id, found.pan, request.amount)
        return Done(found.rrn, organisation=organisation)
    desk.ledger.post(request.rrn_here, request.merchant_id, CLEARING, request.amount)
    due = datetime.fromisoformat(request.at) + timedelta(seconds=desk.manner.credit_seconds)
    return Done(found.rrn, state=State.PENDING, due=due.isoformat(), organisation=organisation)


def _young_enough(desk: Desk, request: Request, found: Entry) -> None:
    days = desk.manner.refund_days
    if days and (date.fromisoformat(request.date) - date.fromisoformat(found.date)).days > days:
        raise Refusal("49")


# --- questions -------------------------------------------------------------------------------------------------------
def balance(desk: Desk, request: Request) -> Done:
    """F54."""
    return Done(balance=balance_text(card(desk, request).balance))


def points_balance(desk: Desk, request: Request) -> Done:
    """F54, of the points."""
    card(desk, request)
    return Done(balance=balance_text(desk.ledger.balance(f"points:{request.pan}")))


def account_check(desk: Desk, request: Request) -> Done:
    """账户验证: the card is good."""
    card(desk, request)
    return Done()


def balance_text(amount: int) -> str:
    """F54: form, C or D, 12 digits.

    >>> balance_text(1234), balance_text(-5)
    ('1002156C000000001234', '1002156D000000000005')
    """
    return f"{BALANCE_FORM}{'D' if amount < 0 else 'C'}{abs(amount):012d}"


RULES: Mapping[Kind, Rule] = {
    **dict.fromkeys((Kind.SALE, Kind.INSTALMENT, Kind.MOTO_SALE, Kind.RESERVATION), sale),
    Kind.POINTS: points,
    **dict.fromkeys(VOID_OF, void),
    **dict.fromkeys(REFUND_OF, refund),
}
QUESTIONS: Mapping[Kind, Rule] = {
    Kind.BALANCE: balance,
    Kind.POINTS_BALANCE: points_balance,
    Kind.ACCOUNT_CHECK: account_check,
}
