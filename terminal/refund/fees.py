"""What is kept back, and what that leaves. Law: the parts are the whole, to the fen; a fee is rounded down.

original - refunded before - kept cost - handling fee = refund, when all that remains is given back; where only a part
of it is, the part stands in the place of what remains.

>>> from terminal.refund.rules import Fee, Tier
>>> fee_of(Fee((Tier(10_000, permille=50), Tier(permille=30, fixed=100)), least=200, most=5_000), Money(9_999)).minor
499
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from terminal.exchange.request import FeeSheet
from terminal.exchange.stages import Accepted, NotSent, Refused, Reversed, Stage
from terminal.money import Money
from terminal.refund.rules import Fee, Policy
from terminal.refund.sale import Sale


def fee_sheet(sale: Sale, given_back: Sequence[Stage]) -> FeeSheet:
    """What the sale was and what has gone back of it, whatever may have gone included; no costs yet."""
    zero = Money(0, sale.amount.currency)
    before = sum((_given(stage) for stage in given_back if counts(stage)), start=zero)
    return FeeSheet(sale.amount, before, zero, zero)


def with_fee(sheet: FeeSheet, reason: str, policy: Policy) -> FeeSheet:
    """The same with the handling fee that the policy takes for this reason."""
    name = policy.reason(reason).fee
    if not name:
        return sheet
    return msgspec.structs.replace(sheet, handling_fee=fee_of(policy.fees[name], sheet.taken_up - sheet.kept_cost))


def fee_of(fee: Fee, amount: Money) -> Money:
    """Of this much, never more than it."""
    tier = next(tier for tier in fee.tiers if tier.up_to is None or amount.minor <= tier.up_to)
    taken = max(fee.least, amount.minor * tier.permille // 1000 + tier.fixed)
    if fee.most is not None:
        taken = min(taken, fee.most)
    return Money(max(0, min(taken, amount.minor)), amount.currency)


def most_costs(sheet: FeeSheet, policy: Policy) -> Money:
    """What may be kept of it by typing, costs and fee together, rounded down."""
    return Money(sheet.remaining.minor * policy.typed_costs_permille // 1000, sheet.original.currency)


def counts(stage: Stage) -> bool:
    """Whether it takes from what remains: all that went back, or may have."""
    return not isinstance(stage, Refused | NotSent | Reversed)


def _given(stage: Stage) -> Money:
    return stage.amount if isinstance(stage, Accepted) else stage.request.amount
