"""自检打印: each check with its result, and what shows that the printer prints. Law: a check that did not run says so.

| row        | shows                                                    |
|------------|----------------------------------------------------------|
| ruler      | the paper is as wide as the terminal thinks              |
| characters | the printer's fonts: Chinese and Latin, in any language   |
| bar        | every dot of the head: a white line in it is a dead one  |
| code       | a QR code comes out so that a phone reads it             |
"""

from __future__ import annotations

from collections.abc import Sequence

from terminal.receipt import Bar, Code, Line, Pair, Receipt, Rule, Ruler, Text
from terminal.screens import Say, say
from terminal.shop_paper import Shop, Style, foot, head, made

Checked = tuple[Say, Say, bool | None]  # what, its result in words, whether it is good; None: it was not looked at


def self_test_paper(checks: Sequence[Checked], operator: str, shop: Shop, style: Style, at: str) -> Receipt:
    """`at` is ISO 8601."""
    lines: list[Line] = [
        *head(say("paper.test"), shop, style),
        *made(at, operator),
        Rule(),
        *(Pair(what, said) for what, said, _ in checks),
        *_sum([is_good for _, _, is_good in checks]),
        Rule(),
        Ruler(),
        Text(say("paper.test.chinese")),
        Text(say("paper.test.latin")),
        Bar(),
        Text(say("paper.test.bar")),
        Code(f"yuanlu-test:{shop.terminal_id}:{at[:19]}"),
        Text(say("paper.test.code"), is_centred=True),
        *foot(shop, style),
    ]
    return Receipt(tuple(lines), style.copy, style.language)


def _sum(ends: Sequence[bool | None]) -> list[Line]:
    bad, skipped = ends.count(False), ends.count(None)
    return [
        *([Pair(say("paper.test.bad"), str(bad), is_large=True)] if bad else []),
        *([Pair(say("paper.test.skipped"), str(skipped))] if skipped else []),
        *([] if bad or skipped else [Text(say("paper.test.good"))]),
    ]
