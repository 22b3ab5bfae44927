"""The shop's policy in plain words, for merchant and cardholder (guide G10). Law: shown as it is decided by.

| rows                | who reads them                                                |
|---------------------|---------------------------------------------------------------|
| how long, how much  | both: before the card is asked for, and from the back office  |
| who agrees          | both                                                          |
| documents, fees     | both                                                          |
| when it arrives     | the cardholder                                                |
| cards, other shops  | both                                                          |
| how often           | the merchant                                                  |
| version             | who calls about it                                            |
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import reduce

from terminal.dialogue.desk import Cancelled
from terminal.dialogue.room import Room
from terminal.money import Money
from terminal.refund.rules import Fee, Level, Policy, Reason, Rule, Tier
from terminal.screens import Row, Say, Sheet, say

Word = str | Say
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


async def show_policy(room: Room) -> None:
    """Pages of one sheet, until it is left. Raises TimedOut."""
    rows = policy_rows(room.policy)
    if room.policy_trouble:
        rows = (Row(say("policy.state"), say("policy.state.refused"), is_strong=True),)
    with suppress(Cancelled):  # who is done reading is back where he was
        await room.desk.agree(Sheet(say("policy.title"), rows, hint=say("hint.policy_pages")))


def policy_rows(policy: Policy) -> tuple[Row, ...]:
    """All of it that anybody has to know, most important first."""
    return tuple(
        row
        for part in (_limits, _agreeing, _documents, _reasons, _arrival, _strangers, _how_often, _version)
        for row in part(policy)
    )


def version_words(version: str) -> Word:
    """As its file has it; the one that is built in has a name in words.

    >>> version_words("2026-11"), version_words(Policy().version).id
    ('2026-11', 'policy.version.built_in')
    """
    return say("policy.version.built_in") if version == Policy().version else version


def _limits(policy: Policy) -> Iterator[Row]:
    if not policy.is_refund_on:
        yield Row(say("policy.state"), say("policy.state.off"), is_strong=True)
    yield Row(say("policy.days"), say("policy.days.value", days=str(policy.days)))
    yield Row(say("policy.cap"), _yuan(policy.cap))
    yield Row(say("policy.day_cap"), _yuan(policy.day_cap))
    parts = say("policy.parts.value", count=str(policy.most_refunds), seconds=str(policy.seconds_between))
    yield Row(say("policy.parts"), parts)
    yield from _hours(policy)


def _agreeing(policy: Policy) -> Iterator[Row]:
    """What no refund can reach is left out."""
    for id, above in (
        ("supervisor_above", policy.supervisor_above),
        ("review_above", policy.review_above),
        ("second_person_above", policy.second_person_above),
        ("pause_above", policy.pause_above),
    ):
        if above < policy.cap:
            yield Row(say(f"policy.{id}"), _yuan(above))
    if policy.operator_day_cap < policy.day_cap:
        yield Row(say("policy.operator_day"), _yuan(policy.operator_day_cap))


def _documents(policy: Policy) -> Iterator[Row]:
    for each in sorted(policy.documents, key=lambda each: each.above):
        yield Row(
            say("policy.documents"), say("policy.above_with", above=_yuan(each.above), what=_names(each.documents))
        )


def _reasons(policy: Policy) -> Iterator[Row]:
    for reason in policy.reasons:
        yield from (Row(say(f"reason.{reason.id}"), part) for part in _of_reason(reason, policy))
    if not any(reason.fee for reason in policy.reasons):
        yield Row(say("policy.fees"), say("policy.fees.none"))
    percent = _percent(policy.typed_costs_permille)
    yield Row(
        say("policy.costs"), say("policy.costs.value", percent=percent) if percent != "0" else say("policy.costs.no")
    )


def _of_reason(reason: Reason, policy: Policy) -> Iterator[Word]:
    if reason.fee:
        yield from _of_fee(policy.fees[reason.fee])
    if reason.documents:
        yield _names(reason.documents)
    if reason.is_reviewed:
        yield say("policy.reviewed")


def _of_fee(fee: Fee) -> Iterator[Word]:
    for tier in fee.tiers:
        rate = _rate(tier)
        yield (
            say("policy.fee", rate=rate)
            if tier.up_to is None
            else say("policy.fee.up_to", rate=rate, up_to=_yuan(tier.up_to))
        )
    if fee.least:
        yield say("policy.fee.least", least=_yuan(fee.least))
    if fee.most is not None:
        yield say("policy.fee.most", most=_yuan(fee.most))


def _arrival(policy: Policy) -> Iterator[Row]:
    for kind in ("debit", "credit", "unknown"):
        first, last = getattr(policy.arrival, kind)
        yield Row(say(f"policy.arrival.{kind}"), say("policy.arrival.value", first=str(first), last=str(last)))


def _strangers(policy: Policy) -> Iterator[Row]:
    """Two people agree to each of these; the documents have a row of their own, so that a page of rows fits."""
    card = policy.other_card
    after = say("policy.other_card.value", hours=str(card.hours))
    yield from _if_on("other_card", card.is_on, after, card.documents)
    for id, rule in (("elsewhere", policy.elsewhere), ("naked", policy.naked)):
        cap = say("policy.no_record", cap=_yuan(min(rule.cap, policy.cap)))
        yield from _if_on(id, rule.is_on, cap, rule.documents)


def _if_on(id: str, is_on: bool, value: Word, documents: tuple[str, ...]) -> Iterator[Row]:
    label = say(f"policy.{id}")
    yield Row(label, value if is_on else say("policy.no"))
    if is_on:
        yield Row(label, _names(documents))


def _how_often(policy: Policy) -> Iterator[Row]:
    rules = policy.velocity
    yield from _rule("per-hour", rules.per_hour, str(rules.per_hour.most))
    yield from _rule("per-shift", rules.per_shift, _yuan(rules.per_shift.most))
    yield from _rule("same-card", rules.same_card, str(rules.same_card.most), str(rules.card_days))
    yield from _rule("old-sale", rules.old_sale, str(rules.old_sale.most))
    if policy.hours:
        yield from _rule("outside-hours", Rule(0, rules.outside_hours))


def _version(policy: Policy) -> Iterator[Row]:
    yield Row(say("policy.version"), version_words(policy.version))
    yield Row(say("policy.effective"), policy.effective.isoformat())
    if policy.expires is not None:
        yield Row(say("policy.expires"), policy.expires.isoformat())


def _rule(id: str, rule: Rule, most: str = "", days: str = "") -> Iterator[Row]:
    if rule.level is not Level.OFF:
        yield Row(say(f"policy.often.{id}", most=most, days=days), say(f"policy.level.{rule.level.value}"))


def _hours(policy: Policy) -> Iterator[Row]:
    """Days one after the other with the same hours are one row."""
    if not policy.hours:
        yield Row(say("policy.hours"), say("policy.hours.always"))
    at = 0
    while at < len(policy.hours):
        hours, first = policy.hours[at], at
        while at + 1 < len(policy.hours) and policy.hours[at + 1] == hours:
            at += 1
        day, last = (say(f"policy.day.{DAYS[place]}") for place in (first, at))
        span = say("policy.hours.days", first=day, last=last) if at > first else say("policy.hours.day", day=day)
        yield Row(span, hours or say("policy.hours.closed"))
        at += 1


def _rate(tier: Tier) -> Word:
    """Per cent, a sum, or both.

    >>> _rate(Tier(permille=25, fixed=100)).id, _rate(Tier(fixed=100)), _rate(Tier(permille=25))
    ('policy.rate.both', '¥1.00', '2.5%')
    """
    percent, fixed = f"{_percent(tier.permille)}%", _yuan(tier.fixed)
    if tier.permille and tier.fixed:
        return say("policy.rate.both", percent=percent, fixed=fixed)
    return percent if tier.permille else fixed


def _percent(permille: int) -> str:
    whole, tenth = divmod(permille, 10)
    return f"{whole}.{tenth}" if tenth else str(whole)


def _names(documents: tuple[str, ...]) -> Word:
    return _all_of([say(f"policy.document.{document}") for document in documents]) if documents else say("policy.none")


def _all_of(parts: list[Word]) -> Word:
    return reduce(lambda first, then: say("policy.and", first=first, then=then), parts)


def _yuan(minor: int) -> str:
    return f"¥{Money(minor)}"
