"""早间清单: what is left of the days before, to carry along. Law: each line says what to do, and above all what not.

| part     | is                                             | ends by                                        |
|----------|------------------------------------------------|------------------------------------------------|
| late     | accepted, its last day is over                 | the cardholder's bank, with the line for it    |
| unknown  | nobody knows                                   | asking, the bank's file, two people            |
| waiting  | accepted, not yet there                        | waiting                                        |
| others   | as the screen's list says them (morning.py)    | the entry of the menu                          |
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from terminal.bank_line import NO_RRN, amount_of, rrn_of
from terminal.exchange.stages import Stage
from terminal.receipt import Line, Pair, Receipt, Rule, Text
from terminal.screens import Say, say
from terminal.shop_paper import Shop, Style, foot, head, made, moment


class Waiting(msgspec.Struct, frozen=True):
    """One that has not arrived. `due` is the first and the last day it should; None of what nobody knows."""

    stage: Stage
    due: tuple[date, date] | None = None
    is_late: bool = False


def morning_paper(
    waiting: Sequence[Waiting], others: Sequence[Say], operator: str, shop: Shop, style: Style, at: str
) -> Receipt:
    """`others`: sentences of the list that are no refunds; `at` is ISO 8601."""
    late = [one for one in waiting if one.is_late]
    unknown = [one for one in waiting if one.due is None]
    rest = [one for one in waiting if one.due is not None and not one.is_late]
    lines: list[Line] = [
        *head(say("morning.title"), shop, style),
        *made(at, operator),
        *_part(say("paper.morning.late", count=str(len(late))), say("paper.morning.late.do"), late),
        *_part(say("paper.morning.unknown", count=str(len(unknown))), say("paper.morning.unknown.do"), unknown),
        *_part(say("paper.morning.waiting", count=str(len(rest))), say("paper.morning.waiting.do"), rest),
        *_others(others),
        *_others((say("paper.morning.none"),) if not (waiting or others) else ()),
        Rule(),
        *foot(shop, style),
    ]
    return Receipt(tuple(lines), style.copy, style.language)


def _part(title: Say, do: Say, these: Sequence[Waiting]) -> list[Line]:
    if not these:
        return []
    return [Rule(), Text(title), Text(do), *(line for one in these for line in _item(one))]


def _others(others: Sequence[Say]) -> list[Line]:
    return [Rule(), *map(Text, others)] if others else []


def _item(one: Waiting) -> list[Line]:
    request, due = one.stage.request, one.due
    name = say("verbatim", text=f"{request.stan} *{request.card.masked_pan[-4:]}")
    return [
        Pair(say(f"kind.{request.kind.value}"), str(amount_of(one.stage))),
        Pair(name, moment(request.at)),
        *([Pair(say("paper.rrn"), rrn)] if (rrn := rrn_of(one.stage)) != NO_RRN else []),
        *([Pair(say("paper.arrival"), moment(due[1].isoformat()))] if due is not None else []),
    ]
