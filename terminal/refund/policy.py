"""May this sale be given back, how, and who must agree? Law: never more than the sale, pending and unknown included.

| what stands against the sale          | counts against what remains | blocks   |
|---------------------------------------|-----------------------------|----------|
| Accepted                              | yes                         | a void   |
| AwaitingReply, Completing             | yes                         | all      |
| Unknown                               | yes                         | all      |
| Reversing, GivenUp (a void's reversal) | yes                        | all      |
| Refused, NotSent, Reversed            | no                          | nothing  |
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from terminal.exchange.request import FeeSheet
from terminal.exchange.stages import Accepted, NotSent, Refused, Reversed, Reversing, Stage, Unknown
from terminal.iso8583.kinds import Kind
from terminal.money import Money

MANUAL = frozenset({Kind.SALE, Kind.PRE_AUTH})  # a refund by a typed number is refused (cup.md 2.3, 4.6)
NO_VOID = frozenset({"12", "22", "25", "48"})  # refund.md 2, rule 1: then a refund is offered


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The shop's rules. Amounts in minor units."""

    is_refund_on: bool = True
    days: int = 180  # a sale older than this is not given back here
    cap: int = 1_000_000  # one refund (cup.md 4.3: 10,000.00)
    day_cap: int = 5_000_000  # all refunds of one day
    supervisor_above: int = 50_000  # above this a supervisor agrees
    most_refunds: int = 50  # of one sale (refund.md 3)
    seconds_between: int = 60  # two refunds of one sale (refund.md 3)
    reasons: tuple[str, ...] = ("returned", "cancelled", "overcharged", "defective", "service", "other")
    arrival_days: tuple[int, int] = (1, 7)  # working days until the cardholder has it
    chip_tries: int = 3  # unreadable chips before the card's stripe is taken (fallback); 0 is never
    manual_entry: tuple[Kind, ...] = ()  # payments for which a number may be typed; never one that gives back
    may_skip_pin: bool = True  # a cardholder who has no PIN presses confirm (cup.md 3.3)

    def __post_init__(self) -> None:
        if not set(self.manual_entry) <= MANUAL:
            raise ValueError("manual_entry names payments only: " + ", ".join(sorted(kind.value for kind in MANUAL)))


class Decision(msgspec.Struct, frozen=True):
    """`kind` is None when it may not be done; `why` is an id of words either way (`why.<why>` or `bad.<why>`)."""

    kind: Kind | None
    why: str
    fee_sheet: FeeSheet
    needs_supervisor: bool = False


def fee_sheet(sale: Accepted, given_back: Sequence[Stage]) -> FeeSheet:
    """What the sale was and what has gone back of it, whatever may have gone included."""
    zero = Money(0, sale.request.amount.currency)
    before = sum((_given(stage) for stage in given_back if _counts(stage)), start=zero)
    return FeeSheet(sale.amount, before, zero, zero)


def may_give_back(sale: Accepted, given_back: Sequence[Stage], now: datetime, policy: Policy) -> str:
    """ "" when this sale may be given back at all, else why not. Asked before anything else is."""
    if not policy.is_refund_on:
        return "refund-off"
    if any(isinstance(stage, Unknown) for stage in given_back):
        return "unknown-open"
    if any(_is_pending(stage) for stage in given_back):
        return "reversal-open"
    done = [stage for stage in given_back if isinstance(stage, Accepted)]
    if any(stage.request.kind is Kind.VOID for stage in done):
        return "voided"
    if fee_sheet(sale, given_back).remaining.minor <= 0:
        return "nothing-left"
    if _age(sale, now) > policy.days:
        return "too-old"
    if len(done) >= policy.most_refunds:
        return "too-many"
    if any((now - datetime.fromisoformat(stage.request.at)).total_seconds() < policy.seconds_between for stage in done):
        return "too-soon"
    return ""


def decide(
    sale: Accepted,
    given_back: Sequence[Stage],
    wanted: FeeSheet,
    amount: Money,
    now: datetime,
    batch: str,
    refunded_today: int,
    policy: Policy,
) -> Decision:
    """Void or refund, or why not, for this amount at this moment."""
    why_not = may_give_back(sale, given_back, now, policy) or _amount_refused(wanted, amount, refunded_today, policy)
    if why_not:
        return Decision(None, why_not, wanted)
    kind, why = _kind(sale, given_back, amount, now, batch)
    return Decision(kind, why, wanted, needs_supervisor=amount.minor > policy.supervisor_above)


def _amount_refused(wanted: FeeSheet, amount: Money, refunded_today: int, policy: Policy) -> str:
    if wanted.kept_cost.minor < 0 or wanted.handling_fee.minor < 0 or amount > wanted.remaining:
        return "above-remaining"
    if wanted.refund.minor <= 0:
        return "costs-too-high"
    if amount.minor <= 0:
        return "amount-zero"
    if amount > wanted.refund:
        return "above-remaining"
    if amount.minor > policy.cap:
        return "above-cap"
    if refunded_today + amount.minor > policy.day_cap:
        return "above-day-cap"
    return ""


def _kind(sale: Accepted, given_back: Sequence[Stage], amount: Money, now: datetime, batch: str) -> tuple[Kind, str]:
    """refund.md 2, rule 1: a void for the whole sale of this batch and clearing day, a refund for all else."""
    if any(isinstance(stage, Accepted) for stage in given_back):
        return Kind.REFUND, "partly-refunded"
    if any(_is_void_refused(stage) for stage in given_back):
        return Kind.REFUND, "void-refused"
    if amount != sale.amount:
        return Kind.REFUND, "part"
    if sale.request.batch != batch:
        return Kind.REFUND, "settled"
    if sale.request.at[:10] != now.date().isoformat():
        return Kind.REFUND, "other-day"
    return Kind.VOID, "same-day"


def _is_void_refused(stage: Stage) -> bool:
    is_void = stage.request.kind is Kind.VOID
    return is_void and isinstance(stage, Refused) and stage.response_code in NO_VOID


def _given(stage: Stage) -> Money:
    return stage.amount if isinstance(stage, Accepted) else stage.request.amount


def _counts(stage: Stage) -> bool:
    return not isinstance(stage, Refused | NotSent | Reversed)


def _is_pending(stage: Stage) -> bool:
    return isinstance(stage, Reversing) or (_counts(stage) and not isinstance(stage, Accepted | Unknown))


def _age(sale: Accepted, now: datetime) -> int:
    return (now.date() - date.fromisoformat(sale.request.at[:10])).days
