"""Rules of a policy that say something against each other. Law: both are named, and neither is obeyed.

A threshold that the limit before it never lets anybody reach is one: who wrote it believes in a check that never comes.
A place is a path in the file: ("velocity", "old_sale", "most"), ("reasons", 2, "fee"); of () there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import msgspec

from terminal.refund.rules import Documents, Level, NoRecord, Policy

Place = tuple[str | int, ...]
LEAST_EVIDENCE_DAYS = 365  # refund.md 3: receipts are kept at least one year

NOT_ABOVE: tuple[tuple[str, str, str], ...] = (
    ("supervisor_above", "cap", "the supervisor would never be asked"),
    ("review_above", "cap", "nothing would ever be reviewed for its amount"),
    ("second_person_above", "cap", "no second person would ever be asked"),
    ("pause_above", "cap", "there would never be a pause"),
    ("cap", "day_cap", "such a refund would never go through"),
    ("operator_day_cap", "day_cap", "the supervisor would never be asked for an operator's day"),
    ("supervisor_above", "operator_day_cap", "a single refund would be asked for by the smaller of them"),
    ("supervisor_above", "second_person_above", "a second person without the first"),
    ("days", "evidence_days", "a sale could be given back whose evidence is gone"),
)


class Contradiction(msgspec.Struct, frozen=True):
    """`first` and `second` cannot both be meant."""

    first: Place
    second: Place
    why: str


def contradictions(policy: Policy) -> tuple[Contradiction, ...]:
    """All of them, in the order in which they are worth reading."""
    return tuple(_all(policy))


def _all(policy: Policy) -> Iterator[Contradiction]:
    if policy.expires is not None and policy.expires < policy.effective:
        yield Contradiction(("expires",), ("effective",), "it expires before it is in force")
    for lower, upper, why in NOT_ABOVE:
        found, limit = getattr(policy, lower), getattr(policy, upper)
        if found > limit:
            yield Contradiction((lower,), (upper,), f"{lower} ({found}) is above {upper} ({limit}): {why}")
    if policy.evidence_days < LEAST_EVIDENCE_DAYS:
        yield Contradiction(("evidence_days",), (), f"evidence_days is {LEAST_EVIDENCE_DAYS} at least")
    yield from _of_times(policy)
    yield from _of_documents(policy.documents, policy)
    yield from _of_fees(policy)
    yield from _of_no_record("elsewhere", policy.elsewhere, policy)
    yield from _of_no_record("naked", policy.naked, policy)
    if policy.other_card.is_on and not policy.other_card.documents:
        why = "another card without any document (refund.md 2, rule 3)"
        yield Contradiction(("other_card", "is_on"), ("other_card", "documents"), why)


def _of_times(policy: Policy) -> Iterator[Contradiction]:
    if policy.nag_hours > policy.application_days * 24:
        why = "an application would be withdrawn before anybody is reminded of it"
        yield Contradiction(("nag_hours",), ("application_days",), why)
    if policy.other_card.is_on and policy.other_card.hours > policy.days * 24:
        why = "a sale would be too old before it is old enough for another card"
        yield Contradiction(("other_card", "hours"), ("days",), why)
    old_sale = policy.velocity.old_sale
    if old_sale.level is not Level.OFF and old_sale.most > policy.days:
        why = f"an old sale ({old_sale.most} days) is too old before ({policy.days})"
        yield Contradiction(("velocity", "old_sale", "most"), ("days",), why)


def _of_documents(rows: tuple[Documents, ...], policy: Policy) -> Iterator[Contradiction]:
    for at, row in enumerate(rows):
        if row.above > policy.cap:
            why = f"documents above {row.above} would never be wanted: cap is {policy.cap}"
            yield Contradiction(("documents", at, "above"), ("cap",), why)
    for (first, one), (second, other) in combinations(enumerate(rows), 2):
        if one.above == other.above:
            why = f"documents above {one.above} are said twice"
            yield Contradiction(("documents", second, "above"), ("documents", first, "above"), why)


def _of_fees(policy: Policy) -> Iterator[Contradiction]:
    for at, reason in enumerate(policy.reasons):
        fee = policy.fees.get(reason.fee)
        if reason.fee and fee is None:
            yield Contradiction(("reasons", at, "fee"), ("fees",), f"there is no fee {reason.fee!r}")
        if fee is not None and fee.least >= policy.cap:
            why = f"the fee {reason.fee!r} would keep everything"
            yield Contradiction(("fees", reason.fee, "least"), ("cap",), why)


def _of_no_record(field: str, rule: NoRecord, policy: Policy) -> Iterator[Contradiction]:
    if rule.is_on and not rule.documents:
        why = "a sale that nobody here knows, without any document"
        yield Contradiction((field, "is_on"), (field, "documents"), why)
    if rule.is_on and rule.cap > policy.cap:
        yield Contradiction((field, "cap"), ("cap",), f"{field}.cap ({rule.cap}) is above cap ({policy.cap})")
