"""A settlement that is not balanced, in plain words. Law: facts of both sides; who owes what is not guessed.

| line                              | of                                                            |
|-----------------------------------|---------------------------------------------------------------|
| ours and theirs, either direction | this terminal's sums, and the acquirer's where it told them    |
| who has more, by how much         | the difference                                                |
| what the open ones come to        | said where it is just the difference: then it is probably they |
| what the upload did               | items acknowledged, not delivered, refused                     |
| who must act                      | the acquirer, with the paper; nothing is done again here       |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from terminal.exchange.settling import Settled, Untold
from terminal.iso8583.dialect import Form
from terminal.iso8583.kinds import Kind, Side
from terminal.iso8583.settlement import Totals
from terminal.money import Money
from terminal.screens import Row, Say, Sheet, say

SIDES = (Side.DEBIT, Side.CREDIT)


class Sum(msgspec.Struct, frozen=True):
    """How many, and minor units."""

    count: int
    amount: int


def explanation(settled: Settled, forms: Mapping[Kind, Form]) -> Sheet:
    """For the screen; the same is on the paper."""
    hint = say("hint.any")
    return Sheet(say("mismatch.title"), tuple(_rows(settled)), tuple(_lines(settled, forms)), hint=hint)


def sum_of(totals: Totals, side: Side) -> Sum:
    """Home and foreign cards together."""
    name = side.value
    count, foreign = getattr(totals, f"{name}s"), getattr(totals, f"foreign_{name}s")
    return Sum(count + foreign, getattr(totals, name) + getattr(totals, f"foreign_{name}"))


def differences(settled: Settled) -> dict[Side, Sum]:
    """Theirs less ours where they differ; nothing where the acquirer did not tell."""
    if settled.theirs is None:
        return {}
    pairs = {side: (sum_of(settled.theirs, side), sum_of(settled.totals, side)) for side in SIDES}
    found = {
        side: Sum(theirs.count - ours.count, theirs.amount - ours.amount) for side, (theirs, ours) in pairs.items()
    }
    return {side: difference for side, difference in found.items() if difference != Sum(0, 0)}


def _rows(settled: Settled) -> Iterator[Row]:
    for side in SIDES:
        yield Row(say(f"mismatch.ours.{side.value}"), _spoken(sum_of(settled.totals, side)))
        if settled.theirs is not None:
            yield Row(say(f"mismatch.theirs.{side.value}"), _spoken(sum_of(settled.theirs, side)), is_strong=True)


def _lines(settled: Settled, forms: Mapping[Kind, Form]) -> Iterator[Say]:
    if settled.theirs is None:
        yield say("mismatch.not_told")
    for side, difference in differences(settled).items():
        word = "mismatch.more_theirs" if difference.amount > 0 else "mismatch.more_ours"
        if difference.amount:
            yield say(word, side=say(f"mismatch.{side.value}"), amount=str(Money(abs(difference.amount))))
        else:
            yield say("mismatch.count_only", side=say(f"mismatch.{side.value}"))
        if difference == _waiting(settled.waiting, side, forms):
            yield say("mismatch.waiting", count=str(difference.count))
    missing, refused = settled.missing + len(settled.unproven), settled.refused + len(settled.lost)
    yield say("mismatch.upload", count=str(settled.count), missing=str(missing), refused=str(refused))
    yield say("mismatch.do")


def _waiting(waiting: tuple[Untold, ...], side: Side, forms: Mapping[Kind, Form]) -> Sum:
    here = [each.amount for each in waiting if each.kind in forms and forms[each.kind].side is side]
    return Sum(len(here), sum(here))


def _spoken(sum: Sum) -> Say:
    return say("mismatch.sum", count=str(sum.count), amount=str(Money(sum.amount)))
