"""The office's words that are put together at run time: each has its sentence, in both languages."""

import msgspec
import pytest

from terminal.dialogue.office.applied import NOBODYS, WHYS
from terminal.dialogue.office.audit import ALL
from terminal.dialogue.office.audit_words import (
    ANSWERS,
    DONE,
    GROUPS,
    KEPT,
    LABELS,
    LOADED,
    SETTINGS,
    WORDS,
    headline,
    rows_of,
)
from terminal.dialogue.office.operators import WHYS as OPERATOR_WHYS
from terminal.dialogue.office.story import SIGNED
from terminal.exchange.downloads import SORTS
from terminal.iso8583.message import NAMES
from terminal.journal.report_book import Event
from terminal.refund.application import Act, State
from terminal.refund.arrival import KINDS, UNKNOWN
from terminal.refund.rules import DOCUMENTS
from terminal.screens import Say
from ui.text import words

FAMILIES = {
    "applied.state.": {state.value for state in State},
    "applied.act.": {act.value for act in Act},
    "applied.by.": set(NOBODYS),
    "applied.mark.": set(WHYS),
    "applied.document.": set(DOCUMENTS),
    "audit.group.": {ALL, *GROUPS},
    "audit.": WORDS,
    "audit.done.": {done.replace(" ", "-") for done in DONE},
    "audit.field.": LABELS,
    "audit.setting.": SETTINGS - LABELS,
    "audit.kind.": {*KEPT, *LOADED, *(sort.kind for sort in SORTS)},
    "audit.answer.": ANSWERS,
    "field.": {str(number) for number in NAMES},
    "finance.card.": {*KINDS.values(), UNKNOWN},
    "finance.paper.": {"day", "shift"},
    "operators.why.": set(OPERATOR_WHYS),
    "role.": {"operator", "senior"},
    "signature.": {*SIGNED, "paper"},
    "story.": {"sent", "received", "unanswered"},
}


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_each_has_its_sentence(language):
    known = words(language, is_strict=True).sentences
    assert {prefix + end for prefix, ends in FAMILIES.items() for end in ends} - set(known) == set()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("kind", sorted({*WORDS, "of-tomorrow"}))
@pytest.mark.parametrize("body", [b"{}", b"[]", b"not json", b'{"id": 7, "why": null, "what": {"a": 1}, "code": "X"}'])
def test_an_event_that_says_less_than_it_should_is_told_all_the_same(language, kind, body):
    event = Event(1, "2026-11-23T10:00:00.000+08:00", kind, body)
    spoken = [headline(event), *(each for row in rows_of(event) for each in (row.label, row.value))]
    for one in spoken:
        assert isinstance(one, str | Say)
        assert words(language, is_strict=True).text(one)


def test_a_secret_that_got_into_an_unknown_event_is_not_shown_whole():
    long = "9" * 200
    event = Event(1, "2026-11-23T10:00:00.000+08:00", "of-tomorrow", msgspec.json.encode({"x": long}))
    assert all(len(str(row.value)) < 50 for row in rows_of(event))
