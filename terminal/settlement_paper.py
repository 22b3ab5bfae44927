"""结算总计单: a settled batch as paper. Law: only what was settled; sums in both directions and their difference.

Exchanges that the upload could not name, since their cards are lost, those that were open, and all that an acquirer
has not acknowledged of a batch that was ended by force, are named here one by one: this paper goes to the acquirer.
"""

from __future__ import annotations

from terminal.exchange.settling import NO_VERDICT, Settled, Untold
from terminal.iso8583.settlement import BALANCED, NOT_BALANCED, Totals
from terminal.money import Money
from terminal.receipt import Heading, Line, Pair, Receipt, Rule, Text
from terminal.screens import Say, say
from terminal.shop_paper import Shop, Style, foot, head, moment

VERDICTS = {BALANCED: "paper.balanced", NOT_BALANCED: "paper.not_balanced", NO_VERDICT: "paper.no_verdict"}


def settlement_paper(settled: Settled, operator: str, shop: Shop, style: Style, at: str) -> Receipt:
    """`at` is ISO 8601."""
    totals = settled.totals
    lines: list[Line] = [
        *head(say("paper.settlement"), shop, style, *([Heading(say("paper.forced"))] if settled.forced_by else [])),
        Pair(say("paper.operator"), operator),
        Pair(say("paper.batch"), settled.batch),
        Pair(say("paper.at"), moment(at)),
        Rule(),
        *_side(say("paper.home_cards"), totals, ""),
        *_theirs(settled.theirs, ""),
        Pair(say("paper.verdict"), _verdict(settled.mine)),
        *([Rule(), *_side(say("paper.foreign_cards"), totals, "foreign_")] if _has_foreign(totals) else []),
        *(_theirs(settled.theirs, "foreign_") if _has_foreign(totals) else []),
        *([Pair(say("paper.verdict"), _verdict(settled.foreign))] if _has_foreign(totals) else []),
        Rule(),
        Pair(say("paper.uploaded"), str(settled.count)),
        *([Pair(say("paper.missing"), str(settled.missing))] if settled.missing else []),
        *([Pair(say("paper.refused"), str(settled.refused))] if settled.refused else []),
        *_named(settled.lost, say("paper.lost"), say("paper.lost.do")),
        *_named(settled.waiting, say("paper.waiting"), say("paper.waiting.do")),
        *_by_force(settled),
        Rule(),
        *foot(shop, style),
    ]
    return Receipt(tuple(lines), style.copy, style.language)


def _side(name: Say, totals: Totals, prefix: str) -> list[Line]:
    debit, credit = getattr(totals, f"{prefix}debit"), getattr(totals, f"{prefix}credit")
    return [
        Text(name),
        Pair(say("paper.debit", count=str(getattr(totals, f"{prefix}debits"))), str(Money(debit))),
        Pair(
            say("paper.credit", count=str(getattr(totals, f"{prefix}credits"))),
            _negative(credit),
        ),
        Pair(say("paper.net"), str(Money(debit - credit)), is_large=True),
    ]


def _theirs(theirs: Totals | None, prefix: str) -> list[Line]:
    """The acquirer's own sums, where it told them."""
    if theirs is None:
        return []
    debit, credit = getattr(theirs, f"{prefix}debit"), getattr(theirs, f"{prefix}credit")
    return [
        Pair(say("paper.their_debit", count=str(getattr(theirs, f"{prefix}debits"))), str(Money(debit))),
        Pair(say("paper.their_credit", count=str(getattr(theirs, f"{prefix}credits"))), _negative(credit)),
    ]


def _named(these: tuple[Untold, ...], head: Say, do: Say) -> list[Line]:
    """Without card numbers: the voucher number and the amount find them in the acquirer's books."""
    if not these:
        return []
    lines: list[Line] = [
        Pair(say("paper.lost_item", kind=say(f"kind.{each.kind.value}"), stan=each.stan), str(Money(each.amount)))
        for each in these
    ]
    return [Rule(), Pair(head, str(len(these))), *lines, Text(do)]


def _by_force(settled: Settled) -> list[Line]:
    """Who ended it, why, and what the acquirer has not acknowledged."""
    if not settled.forced_by:
        return []
    return [
        *_named(settled.unproven, say("paper.unproven"), say("paper.unproven.do")),
        Rule(),
        Pair(say("paper.forced_by"), " ".join(settled.forced_by)),
        Pair(say("paper.forced_why"), settled.fault),
        Text(say("paper.forced.do")),
    ]


def _negative(credit: int) -> str:
    return f"-{Money(credit)}" if credit else str(Money(0))


def _has_foreign(totals: Totals) -> bool:
    return bool(totals.foreign_debits or totals.foreign_credits)


def _verdict(code: int) -> Say:
    return say(VERDICTS.get(code, "paper.verdict_wrong"))
