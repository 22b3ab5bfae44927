"""docs/errors.md, made from the catalogues: run this file to write it anew; a test compares."""

import re
from pathlib import Path

from terminal.dialogue.bad_news import CODES
from terminal.iso8583.response_codes import lookup
from tests.unit.terminal.dialogue.families import SPOKEN
from ui.text import words

PAGE = Path(__file__).parents[4] / "docs" / "errors.md"
LANGUAGES = ("zh_CN", "en")
HEAD = """# Error codes

Every piece of bad news on the screen has a code. The terminal's own come first, the bank's after them. Made from the
catalogues in `ui/text` and `terminal/iso8583/response_codes.py`; a test holds this page to them.

## The terminal's own

"""
LETTERS = (
    "P people, L line, K keys, C card, R refund, A applications, U unknown and tracker, G guards, M back office, "
    "B backup, D device, S settlement and management, H holds."
)
RESPONSES = """## Response codes of the bank (F39)

Class: A success, B may be retried, C not to be retried, D the operator must act, E a fault of the system. Then who
must act, and the next thing to do once confirm has closed the screen. `other` stands for every code that is not listed.
48, 49, C9 and CA are single acquirers' own; their class is ours. A terminal cannot take a card in: "may be kept" is the
bank's wish, and nobody need quarrel over it. 09, 10, 68, 94 and 98 do not say that no money moved: nobody knows yet.

"""


def page() -> str:
    """The whole page."""
    order = "PLKCRAUGMBDSH"
    rows = [_own(name) for name in sorted(CODES, key=lambda name: (order.index(CODES[name][0]), CODES[name]))]
    own = ["| code | 屏幕 | screen |", "|---|---|---|", *rows]
    theirs = [
        "| code | class | who acts | next | 屏幕 | screen |",
        "|---|---|---|---|---|---|",
        *map(_response, SPOKEN),
    ]
    return HEAD + LETTERS + "\n\n" + "\n".join(own) + "\n\n" + RESPONSES + "\n".join(theirs) + "\n"


def spoken(code: str, language: str) -> tuple[str, str]:
    """What happened and what to do, of a response code."""
    sentences = words(language).sentences
    return sentences[f"code.{code}"], sentences[f"code.{code}.do"]


def _own(name: str) -> str:
    (happened, do), (what, act) = (
        (_plain(words(language).sentences[f"bad.{name}"]), _plain(words(language).sentences[f"bad.{name}.do"]))
        for language in LANGUAGES
    )
    return f"| {CODES[name]} | **{happened}**。{do} | **{what}.** {act} |"


def _response(code: str) -> str:
    row = lookup(code)
    (happened, do), (what, act) = (map(_plain, spoken(code, language)) for language in LANGUAGES)
    cells = (code, row.kind.value, row.who.value, row.next.value, f"**{happened}**。{do}", f"**{what}.** {act}")
    return f"| {' | '.join(cells)} |"


def _plain(sentence: str) -> str:
    return re.sub(r"\{\w+\}", "…", sentence)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
