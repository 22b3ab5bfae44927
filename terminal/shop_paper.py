"""What every paper begins and ends with. Law: who it is from stands above, whom to ask below, practice is marked twice.

| head                                        | foot                                   |
|---------------------------------------------|----------------------------------------|
| logo, 演示 when practising, title, copy      | 重打印, support phone, 演示             |
| merchant, merchant no., terminal no.        |                                        |

Moments have one form in every language, 2026/11/23 14:05:09: years first, so that no reader takes day for month.
"""

from __future__ import annotations

import msgspec

from terminal.receipt import DUPLICATED, Copy, Heading, Line, Logo, Pair, Rule, Text
from terminal.refund.arrival import Calendar
from terminal.refund.rules import Arrival
from terminal.screens import Say, say
from terminal.signature import Picture

Strokes = tuple[tuple[tuple[int, int], ...], ...]


class Shop(msgspec.Struct, frozen=True):
    """What stands on every paper of a shop. `arrival` is the working days until a refund is there, by card kind, and
    `calendar` says which days those are; `logo` is at most 384 dots wide (terminal/logo.py)."""

    name: str
    merchant_id: str
    terminal_id: str
    support_phone: str
    arrival: Arrival
    calendar: Calendar = Calendar()
    logo: Picture | None = None


class Style(msgspec.Struct, frozen=True):
    """How one paper is wanted, in "zh_CN", "en" or "zh_CN+en". `is_other_card`: the application says that this is not
    the card of the sale. `original_day`: YYYY-MM-DD of the sale, where the records know its year."""

    copy: Copy = Copy.NONE
    language: str = "zh_CN"
    strokes: Strokes = ()
    is_reprint: bool = False
    is_demo: bool = False
    is_other_card: bool = False
    original_day: str = ""


def head(title: Say, shop: Shop, style: Style, *more: Line) -> list[Line]:
    """Down to the terminal's number; `more` stands between the title and the shop."""
    return [
        *([Logo(shop.logo.width, shop.logo.height, shop.logo.bits)] if shop.logo is not None else []),
        *_demo(style),
        Heading(title),
        *more,
        Rule(),
        Pair(say("paper.merchant"), shop.name),
        Pair(say("paper.merchant_id"), shop.merchant_id),
        Pair(say("paper.terminal_id"), shop.terminal_id),
    ]


def made(at: str, operator: str) -> list[Line]:
    """When, and by whom; neither where it is not known."""
    return [
        *([Pair(say("paper.operator"), operator)] if operator else []),
        *([Pair(say("paper.at"), moment(at))] if at else []),
    ]


def foot(shop: Shop, style: Style) -> list[Line]:
    """The last lines of every paper."""
    return [
        *([Text(DUPLICATED, is_centred=True)] if style.is_reprint else []),
        Text(say("paper.support", phone=shop.support_phone), is_centred=True),
        *_demo(style),
    ]


def moment(at: str) -> str:
    """A day or a moment (ISO 8601) as papers say it.

    >>> moment("2026-11-23T14:05:09+08:00"), moment("2026-11-23")
    ('2026/11/23 14:05:09', '2026/11/23')
    """
    return at[:19].replace("-", "/").replace("T", " ")


def day_of(mmdd: str, day: str) -> str:
    """F13 has no year: with the one of `day` (YYYY-MM-DD) where that is the same day, else month and day alone.

    >>> day_of("1123", "2026-11-23"), day_of("1123", ""), day_of("", "")
    ('2026/11/23', '11/23', '')
    """
    if day[5:7] + day[8:10] == mmdd:
        return moment(day)
    return f"{mmdd[:2]}/{mmdd[2:]}" if mmdd else ""


def known(*pairs: tuple[Say, str | Say]) -> list[Line]:
    """A row each, but of what is not known."""
    return [Pair(label, value) for label, value in pairs if value]


def _demo(style: Style) -> list[Line]:
    return [Text(say("paper.demo"), is_centred=True)] if style.is_demo else []
