"""May this be given back, how, and who must agree? Law: never more than the sale, pending and unknown included.

| what stands against the sale           | counts against what remains | blocks |
|----------------------------------------|-----------------------------|--------|
| Accepted                               | yes                         | a void |
| AwaitingReply, Completing              | yes                         | all    |
| Unknown                                | yes                         | all    |
| Reversing, GivenUp (a void's reversal) | yes                         | all    |
| Refused, NotSent, Reversed             | no                          | nothing|
| another application that has not ended | no: nothing has gone        | all    |

`may_give_back` is asked as soon as the sale is known, `decide` once it is known how much; both before the card is.
Ids of words: `bad.<why>` where it may not be done, `why.<why>` where it may, `rule.<rule>` for what asks for a need.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum

import msgspec

from terminal.exchange.request import FeeSheet
from terminal.exchange.stages import Accepted, Refused, Reversing, Stage, Unknown
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from terminal.refund.fees import counts, fee_sheet, most_costs, with_fee
from terminal.refund.rules import Level as Level
from terminal.refund.rules import NoRecord
from terminal.refund.rules import Policy as Policy
from terminal.refund.sale import SOLD, TYPED, Origin, Sale
from terminal.refund.velocity import Seen, broken

NO_VOID = frozenset({"12", "22", "25", "48"})  # refund.md 2, rule 1: then a refund is offered


class Need(Enum):
    """What has to be had before the card, in this order (terminal/refund/rules.py)."""

    EVIDENCE = "evidence"
    REVIEW = "review"
    SUPERVISOR = "supervisor"
    SECOND_PERSON = "second-person"
    PAUSE = "pause"


class Needed(msgspec.Struct, frozen=True):
    """A need, and the rule that asks for it."""

    need: Need
    rule: str


class Past(msgspec.Struct, frozen=True):
    """What the journal has; `seen` is of the operator who asks and of the sale's card."""

    given_back: tuple[Stage, ...] = ()  # of this sale, whatever became of it, oldest first
    application: str = ""  # another one for this sale that has not ended
    batch: str = ""  # the open one
    refunded_today: int = 0  # minor units, the whole terminal
    seen: Seen = Seen()
    is_not_booked: bool = False  # the acquirer's file says so of this sale: reversed there, as after a dispute


class Wanted(msgspec.Struct, frozen=True):
    """What is asked for; the amount is `fees.refund`."""

    fees: FeeSheet
    reason: str
    at: datetime
    is_senior: bool = False
    is_other_card: bool = False
    has_typed_costs: bool = False
    has_void: bool = True  # the dialect has one


class Decision(msgspec.Struct, frozen=True):
    """`kind` is None when it may not be done; `why` is an id of words either way (`why.<why>` or `bad.<why>`)."""

    kind: Kind | None
    why: str
    fees: FeeSheet
    remaining: Money
    needs: tuple[Needed, ...] = ()  # by Need's order
    documents: tuple[str, ...] = ()  # for Need.EVIDENCE
    warnings: tuple[str, ...] = ()  # rules that are not kept and only said
    sees: str = ""  # sees.<...>: what the cardholder will see

    def rules(self, need: Need) -> tuple[str, ...]:
        """Why there is this need; () when there is none."""
        return tuple(needed.rule for needed in self.needs if needed.need is need)


def may_give_back(sale: Sale, past: Past, now: datetime, policy: Policy) -> str:
    """ "" when this sale may be given back at all, else why not. Asked before anything else is."""
    return next(_obstacles(sale, past, now, policy), "")


def decide(sale: Sale, wanted: Wanted, past: Past, policy: Policy) -> Decision:
    """Void or refund, or why not, for this amount at this moment, and what it needs."""
    fees, amount = wanted.fees, wanted.fees.refund
    why_not = may_give_back(sale, past, wanted.at, policy) or next(_refusals(sale, wanted, past, policy), "")
    speeds = broken(past.seen, amount.minor, sale.age(wanted.at), wanted.at, wanted.is_senior, policy)
    forbidden = next((rule for rule, level in speeds.items() if level is Level.FORBID), "")
    if why_not or forbidden:
        return Decision(None, why_not or forbidden, fees, fees.remaining)
    kind, why = _kind(sale, wanted, past)
    needs = tuple(sorted(_needs(sale, wanted, past, policy, speeds), key=lambda each: list(Need).index(each.need)))
    if any(each.need is Need.REVIEW for each in needs):  # who reviews it has agreed to it
        needs = tuple(each for each in needs if each.need is not Need.SUPERVISOR)
    warnings = tuple(rule for rule, level in speeds.items() if level is Level.WARN)
    documents = documents_wanted(sale, wanted, policy)
    return Decision(kind, why, fees, fees.remaining, needs, documents, warnings, kind.value)


def documents_wanted(sale: Sale, wanted: Wanted, policy: Policy) -> tuple[str, ...]:
    """The checklist, each once, in the order of the rules that want them."""
    sets = [*_wanted_of_origin(sale, policy), policy.reason(wanted.reason).documents]
    sets += [each.documents for each in policy.documents if wanted.fees.refund.minor > each.above]
    sets += [policy.other_card.documents] if wanted.is_other_card else []
    return tuple(dict.fromkeys(document for each in sets for document in each))


def cap_of(sale: Sale, policy: Policy) -> int:
    """The most that one refund of it may be, in minor units."""
    rule = _no_record(sale, policy)
    return min(policy.cap, rule.cap) if rule else policy.cap


def may_take_other_card(sale: Sale, now: datetime, policy: Policy) -> bool:
    """refund.md 2, rule 3: never for a sale keyed by hand, or younger than the policy's hours."""
    is_old = now - datetime.fromisoformat(sale.at) >= timedelta(hours=policy.other_card.hours)
    is_typed = sale.card is not None and sale.card.entry == TYPED
    return policy.other_card.is_on and sale.origin is Origin.HERE and is_old and not is_typed


# --- may it at all ---------------------------------------------------------------------------------------------------
def _obstacles(sale: Sale, past: Past, now: datetime, policy: Policy) -> Iterator[str]:
    if not policy.is_refund_on:
        yield "refund-off"
    if now.date() < policy.effective:
        yield "policy-early"
    if policy.expires is not None and now.date() > policy.expires:
        yield "policy-expired"
    if sale.kind not in SOLD:
        yield "sale-not-found"  # a refund is not given back
    yield from _obstacles_of_origin(sale, policy)
    yield from _obstacles_of_past(sale, past, now, policy)
    if sale.age(now) > policy.days:
        yield "too-old"
    if now < datetime.fromisoformat(sale.at):
        yield "clock-back"


def _obstacles_of_origin(sale: Sale, policy: Policy) -> Iterator[str]:
    rule = _no_record(sale, policy)
    if rule is not None and not rule.is_on:
        yield "elsewhere-off" if sale.origin is Origin.ELSEWHERE else "naked-off"


def _obstacles_of_past(sale: Sale, past: Past, now: datetime, policy: Policy) -> Iterator[str]:
    done = [stage for stage in past.given_back if isinstance(stage, Accepted)]
    if past.is_not_booked:
        yield "sale-not-booked"
    if any(isinstance(stage, Unknown) for stage in past.given_back):
        yield "unknown-open"
    if any(_is_pending(stage) for stage in past.given_back):
        yield "reversal-open"
    if past.application:
        yield "application-open"
    if any(stage.request.kind is Kind.VOID for stage in done):
        yield "voided"
    if fee_sheet(sale, past.given_back).remaining.minor <= 0:
        yield "nothing-left"
    if len(done) >= policy.most_refunds:
        yield "too-many"
    if any((now - datetime.fromisoformat(stage.request.at)).total_seconds() < policy.seconds_between for stage in done):
        yield "too-soon"


def _refusals(sale: Sale, wanted: Wanted, past: Past, policy: Policy) -> Iterator[str]:
    fees, amount = wanted.fees, wanted.fees.refund
    costs, truth = fees.kept_cost + fees.handling_fee, fee_sheet(sale, past.given_back)
    if not policy.has_reason(wanted.reason):
        yield "reason-gone"  # a waiting application's, and the policy is another one now
    if wanted.is_other_card and not may_take_other_card(sale, wanted.at, policy):
        yield "other-card-off"
    if min(fees.kept_cost.minor, fees.handling_fee.minor) < 0 or fees.taken_up > truth.remaining:
        yield "above-remaining"
    if (fees.original, fees.refunded_before) != (truth.original, truth.refunded_before):
        yield "sheet-stale"  # given back meanwhile on another screen
    if wanted.has_typed_costs and costs > most_costs(fees, policy):
        yield "costs-above-policy"
    if amount.minor <= 0:
        yield "costs-too-high" if costs.minor > 0 else "amount-zero"
    if not _is_by_policy(wanted, policy):
        yield "sheet-stale"  # another policy took another fee
    if amount.minor > cap_of(sale, policy):
        yield "above-cap"
    if past.refunded_today + amount.minor > policy.day_cap:
        yield "above-day-cap"


def _is_by_policy(wanted: Wanted, policy: Policy) -> bool:
    """Whether nothing is kept but by the policy, or by typing where it was typed."""
    fees, zero = wanted.fees, Money(0, wanted.fees.original.currency)
    bare = fees if wanted.has_typed_costs else msgspec.structs.replace(fees, kept_cost=zero, handling_fee=zero)
    return with_fee(bare, wanted.reason, policy) == fees


# --- how, and with whom ---------------------------------------------------------------------------------------------
def _kind(sale: Sale, wanted: Wanted, past: Past) -> tuple[Kind, str]:
    """refund.md 2, rule 1: a void for the whole sale of this batch and clearing day, a refund for all else."""
    for is_refund, why in (
        (sale.origin is not Origin.HERE, sale.origin.value),
        (any(isinstance(stage, Accepted) for stage in past.given_back), "partly-refunded"),
        (any(_is_void_refused(stage) for stage in past.given_back), "void-refused"),
        (sale.kind is not Kind.SALE, "completion"),
        (not wanted.has_void, "no-void"),
        (wanted.is_other_card, "other-card"),
        (wanted.fees.refund != sale.amount, "part"),
        (sale.original.batch != past.batch, "settled"),
        (sale.at[:10] != wanted.at.date().isoformat(), "other-day"),
    ):
        if is_refund:
            return Kind.REFUND, why
    return Kind.VOID, "same-day"


def _needs(sale: Sale, wanted: Wanted, past: Past, policy: Policy, speeds: dict[str, Level]) -> Iterator[Needed]:
    amount, origin = wanted.fees.refund.minor, sale.origin
    table = (
        (bool(documents_wanted(sale, wanted, policy)), Need.EVIDENCE, "documents"),
        (amount > policy.review_above, Need.REVIEW, "amount"),
        (policy.reason(wanted.reason).is_reviewed, Need.REVIEW, "reason"),
        (amount > policy.supervisor_above, Need.SUPERVISOR, "amount"),
        (past.seen.today + amount > policy.operator_day_cap, Need.SUPERVISOR, "operator-day"),
        *((level is Level.SUPERVISOR, Need.SUPERVISOR, rule) for rule, level in speeds.items()),
        (origin is not Origin.HERE, Need.SUPERVISOR, origin.value),
        (wanted.is_other_card, Need.SUPERVISOR, "other-card"),
        (amount > policy.second_person_above, Need.SECOND_PERSON, "amount"),
        (origin is not Origin.HERE, Need.SECOND_PERSON, origin.value),
        (wanted.is_other_card, Need.SECOND_PERSON, "other-card"),
        (amount > policy.pause_above, Need.PAUSE, "amount"),
        (origin is Origin.NAKED, Need.PAUSE, "naked"),
    )
    return (Needed(need, rule) for is_needed, need, rule in table if is_needed)


def _wanted_of_origin(sale: Sale, policy: Policy) -> list[tuple[str, ...]]:
    rule = _no_record(sale, policy)
    return [rule.documents] if rule else []


def _no_record(sale: Sale, policy: Policy) -> NoRecord | None:
    return {Origin.ELSEWHERE: policy.elsewhere, Origin.NAKED: policy.naked}.get(sale.origin)


def _is_void_refused(stage: Stage) -> bool:
    is_void = stage.request.kind is Kind.VOID
    return is_void and isinstance(stage, Refused) and stage.response_code in NO_VOID


def _is_pending(stage: Stage) -> bool:
    return isinstance(stage, Reversing) or (counts(stage) and not isinstance(stage, Accepted | Unknown))
