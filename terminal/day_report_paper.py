"""A report of a day or a shift as paper. Law: the figures of terminal/day_report.py, and no card number."""

from __future__ import annotations

from terminal import shop_paper
from terminal.day_report import DayReport, Part, Sums, Tally
from terminal.money import Money
from terminal.receipt import Line, Pair, Receipt, Rule, Text
from terminal.screens import Say, say
from terminal.shop_paper import Shop, Style, foot, head


def report_paper(report: DayReport, shop: Shop, style: Style) -> Receipt:
    """As it stood at `made_at`."""
    scope = report.scope
    lines: list[Line] = [
        *head(say(f"finance.paper.{scope.kind}"), shop, style),
        *([Pair(say("paper.operator"), scope.operator)] if scope.operator else []),
        *_period(scope.first, scope.last),
        Pair(say("finance.made"), shop_paper.moment(scope.made_at)),
        *([Pair(say("finance.made_by"), scope.made_by)] if scope.made_by else []),
        Rule(),
        *_sums(report.sums),
        Pair(say("finance.net"), str(Money(report.net)), is_large=True),
        Rule(),
        _tally("finance.kept_costs", report.kept_costs),
        _tally("finance.handling_fees", report.handling_fees),
        _tally("finance.unknown", report.unknown.all),
        _tally("finance.pending", report.pending.all),
        _tally("finance.late", report.late),
        *_parts("finance.by_operator", "operator", report.by_operator),
        *_parts("finance.by_reason", "reason", report.by_reason),
        *_parts("finance.by_card", "card", report.by_card_kind),
        Rule(),
        *foot(shop, style),
    ]
    return Receipt(tuple(lines), style.copy, style.language)


def moment(at: str) -> str:
    """A day or a moment as a row of the screen has room for it: without its seconds.

    >>> moment("2026-11-23T10:00:00+08:00"), moment("2026-11-23")
    ('2026/11/23 10:00', '2026/11/23')
    """
    return at[:16].replace("-", "/").replace("T", " ")


def named(part: str, key: str) -> Say:
    """The words for the key of a part: an operator, a reason, a card kind."""
    if part == "operator":
        return say("people.number", id=key)
    return say(f"finance.card.{key}" if part == "card" else "finance.no_reason" if key == "none" else f"reason.{key}")


def _period(first: str, last: str) -> list[Line]:
    """One day is a day; a shift that is not over yet has no end."""
    if first == last:
        return [Pair(say("finance.on"), shop_paper.moment(first))]
    end: list[Line] = [Pair(say("finance.to"), shop_paper.moment(last))] if last else []
    return [Pair(say("finance.from"), shop_paper.moment(first)), *end]


def _sums(sums: Sums) -> list[Line]:
    return [
        _tally("finance.sales", sums.sales),
        _tally("finance.voids", sums.voids),
        _tally("finance.refunds", sums.refunds),
    ]


def _tally(label: str, tally: Tally) -> Pair:
    return Pair(say("finance.count", what=say(label), count=str(tally.count)), str(Money(tally.minor)))


def _parts(title: str, part: str, parts: tuple[Part, ...]) -> list[Line]:
    """What is none of a part is left out."""
    if not parts:
        return []
    lines: list[Line] = [Rule(), Text(say(title))]
    for each in parts:
        shares = (("sales", each.sums.sales), ("voids", each.sums.voids), ("refunds", each.sums.refunds))
        lines.append(Text(named(part, each.key)))
        lines += [_tally(f"finance.{name}", tally) for name, tally in shares if tally.count]
    return lines
