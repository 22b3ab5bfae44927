"""Every id has its sentence in both languages, no sentence is left unused, and docs/errors.md is true."""

import ast
import re
from pathlib import Path

import pytest

from terminal.dialogue.bad_news import CODES
from terminal.dialogue.outcome import PROGRESS, SPOKEN_CODES
from terminal.refund.policy import Policy
from ui.text import words

ROOT = Path(__file__).parents[4]
LANGUAGES = ("zh_CN", "en")
RESULTS = ("accepted", "reversed", "reversed.do")
# ids that are put together at run time: prefix -> what may follow
FAMILIES = {
    "bad.": {f"{name}{end}" for name in CODES for end in ("", ".do")},
    "code.": {f"{code}{end}" for code in (*SPOKEN_CODES, "other", "not-received") for end in ("", ".do")},
    "reason.": set(Policy().reasons),
    "kind.": {"sale", "void", "refund", "give_back"},
    "why.": {"same-day", "part", "partly-refunded", "settled", "other-day", "void-refused"},
    "sees.": {"void", "refund"},
    "copy.": {"merchant", "cardholder"},
    "find.": {"list", "voucher", "amount", "last_four"},
    "help.": {"1", "2", "3", "4", "5"},
    "result.": {f"{kind}.{end}" for kind in ("sale", "void", "refund") for end in RESULTS},
    "outcome.": {
        "accepted",
        "refused",
        "unknown",
        "reversed",
        "reversing",
        "not-sent",
        "connecting",
        "awaiting-reply",
        "completing",
    },
}


def said() -> set[str]:
    """Every literal id handed to say() or Say() in the core, and every string that is an id of the menu."""
    ids: set[str] = set(PROGRESS.values())
    for path in (ROOT / "terminal").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("say", "Say") and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    ids.add(first.value)
            elif _is_id(node):
                ids.add(node.value)
    return ids


def _is_id(node) -> bool:
    """A string in a table, such as the menu's or the progress screen's."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in words("en").sentences


def families() -> set[str]:
    return {prefix + rest for prefix, ends in FAMILIES.items() for rest in ends}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_id_that_is_said_has_a_sentence(language):
    known = words(language).sentences
    assert (said() | families()) - set(known) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_of_the_desk_is_left_unused(language):
    ours = set()
    for name in ("desk.po", "errors.po", "receipt.po"):
        text = (ROOT / "ui" / "text" / language / name).read_text("utf-8")
        ours |= set(re.findall(r'^msgid "(.+)"$', text, re.M))
    assert ours - said() - families() == set()


def test_every_piece_of_bad_news_says_the_next_key():
    for name in CODES:
        assert "按" in words("zh_CN").sentences[f"bad.{name}.do"], name
        assert re.search(r"[Pp]ress|confirm|[Cc]ancel", words("en").sentences[f"bad.{name}.do"]), name


def test_codes_are_unique_and_the_page_of_codes_is_true():
    assert len(set(CODES.values())) == len(CODES)
    page = (ROOT / "docs" / "errors.md").read_text("utf-8")
    for name, code in CODES.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| {code} |"))
        for language in LANGUAGES:
            for id in (f"bad.{name}", f"bad.{name}.do"):
                assert re.sub(r"\{\w+\}", "…", words(language).sentences[id]) in row
