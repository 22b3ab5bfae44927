"""结算明细单: every exchange of a batch, a line each. Law: the lines that count add up to the totals, to the fen.

| part            | holds                                                        | sign                    |
|-----------------|--------------------------------------------------------------|-------------------------|
| 计入总计        | what was accepted and moves money                            | + debit, - credit       |
| 不计入总计      | holds, what was adjusted, what is open, refused or reversed   | none: as it was asked   |

The totals are those of terminal/exchange/settling.py, worked out from the same stages. Cards are their last four.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from terminal.exchange.settling import REPLACING, totals_of
from terminal.exchange.stages import Accepted, Stage, state
from terminal.iso8583.dialect import Form
from terminal.iso8583.kinds import Kind
from terminal.iso8583.settlement import Totals
from terminal.money import Money
from terminal.receipt import Line, Pair, Receipt, Rule, Text
from terminal.screens import say
from terminal.shop_paper import Shop, Style, foot, head, made, moment

Signed = tuple[Stage, int]  # and what it adds to the net, minor units


def settlement_details_paper(
    stages: Sequence[Stage], forms: Mapping[Kind, Form], batch: str, operator: str, shop: Shop, style: Style, at: str
) -> Receipt:
    """`stages`: all of the batch, oldest first; `forms` are the dialect's; `at` is ISO 8601."""
    counted, others = parted(stages, forms)
    lines: list[Line] = [
        *head(say("paper.details"), shop, style),
        *made(at, operator),
        Pair(say("paper.batch"), batch),
        Rule(),
        *_part(counted),
        Rule(),
        *_sums(totals_of(stages, forms)),
        *([Rule(), Text(say("paper.details.others")), *_part([(stage, 0) for stage in others])] if others else []),
        Rule(),
        *foot(shop, style),
    ]
    return Receipt(tuple(lines), style.copy, style.language)


def parted(stages: Iterable[Stage], forms: Mapping[Kind, Form]) -> tuple[list[Signed], list[Stage]]:
    """What stands in the totals, with its sign, and what does not."""
    stages = list(stages)
    changed = [stage.request.original for stage in stages if isinstance(stage, Accepted) and _replaces(stage)]
    replaced = {original.exchange_id for original in changed if original is not None}
    counted: list[Signed] = []
    others: list[Stage] = []
    for stage in stages:
        alone = totals_of([stage], forms)
        if stage.request.id in replaced or not _count(alone):
            others.append(stage)
        else:
            counted.append((stage, _debit(alone) - _credit(alone)))
    return counted, others


def _replaces(stage: Stage) -> bool:
    return stage.request.kind in REPLACING


def _part(stages: Iterable[Signed]) -> list[Line]:
    return [line for signed in stages for line in _item(*signed)]


def _item(stage: Stage, minor: int) -> list[Line]:
    request = stage.request
    amount = Money(minor) if minor else request.amount
    what = say("paper.details.item", kind=say(f"kind.{request.kind.value}"), state=say(f"outcome.{state(stage)}"))
    name = say("verbatim", text=f"{request.stan} *{request.card.masked_pan[-4:]}")
    return [Pair(what, str(amount)), Pair(name, moment(request.at))]


def _sums(totals: Totals) -> list[Line]:
    debits, credits = totals.debits + totals.foreign_debits, totals.credits + totals.foreign_credits
    debit, credit = _debit(totals), _credit(totals)
    return [
        Pair(say("paper.debit", count=str(debits)), str(Money(debit))),
        Pair(say("paper.credit", count=str(credits)), str(Money(-credit))),
        Pair(say("paper.net"), str(Money(debit - credit)), is_large=True),
    ]


def _debit(totals: Totals) -> int:
    return totals.debit + totals.foreign_debit


def _credit(totals: Totals) -> int:
    return totals.credit + totals.foreign_credit


def _count(totals: Totals) -> int:
    return totals.debits + totals.credits + totals.foreign_debits + totals.foreign_credits
