"""Every screen of the terminal, in every device class and language: as a person saw it, whole, and in one language.

| law                                                   | of                                              |
|-------------------------------------------------------|-------------------------------------------------|
| the pixels are those that a person agreed to          | every view, day; night and large of some        |
| it is whole on one view                               | the classes with graphics, normal and large     |
| every word is in some view                            | the four lines                                  |
| no ink is on another, none outside of the body        | every class; with graphics large too            |
| every word is there in its language, a key in the hint | both languages                                 |
| the journeys show these screens and no others         | the cashier's journeys; `anew` plays all        |
"""

from __future__ import annotations

import itertools
import re

import msgspec
import pytest

from terminal.dialogue.bad_news import CODES
from terminal.iso8583.response_codes import TABLE
from terminal.screens import Manner, Shown
from tests.golden import gallery, screens
from tests.golden.screens import CLASSES, COMMAND, EACH, LANGUAGES
from tests.golden.shown_screens import Collection, watching
from tests.journey import test_cashiers_eyes as eyes
from tests.journey.shop import Bank, day
from tests.unit.ui import grid_reading
from ui.device_class import Rect
from ui.layout import DEVICE_CLASSES
from ui.pieces import Ink
from ui.plan import Plan

OVER = 2  # pixels of a row's air that may be shared
QUOTED = {  # what is Latin on them is told on, and nobody's sentence
    "error-D05": "the kind of a fault of ours",
    "error-R20": "what is wrong with the policy file, to be read out to who wrote it",
    "notice+office.finance+finance.exported+finance.exported.do": "names of files",
}


def _faults(shown: Shown, device: str) -> list[str]:
    """What is cut off, outside or on top of something else."""
    if DEVICE_CLASSES[device].is_grid:
        try:
            grid_reading.check(shown)
        except AssertionError as fault:
            return [str(fault)]
        return []
    eye = screens.painter(device)
    plan = eye._plan(shown)
    assert isinstance(plan, Plan)
    found = ["more than one view"] if len(plan.views) > 1 else []
    inks = []
    for piece, (top, bottom) in plan.composed.placed():
        if isinstance(piece, Ink):
            inks.append(Rect(piece.x, top, eye._fonts.width(piece.text, piece.size, piece.is_bold), bottom - top))
            if inks[-1].x < 0 or inks[-1].x + inks[-1].w > plan.body.w or bottom > plan.body.h:
                found.append(f"{piece.text} is outside")
    return found + [f"{one} is on {other}" for one, other in itertools.combinations(inks, 2) if _meet(one, other)]


def _meet(one: Rect, other: Rect) -> bool:
    across = one.x < other.x + other.w and other.x < one.x + one.w
    return across and one.y < other.y + other.h - OVER and other.y < one.y + one.h - OVER


@pytest.mark.parametrize(("device", "language"), EACH)
def test_each_is_as_a_person_saw_it_and_nothing_is_cut_off_or_on_top_of_something_else(device: str, language: str):
    at, kept, changed, faults = EACH.index((device, language)), screens.kept(), [], {}
    for name, shown in screens.every():
        told = msgspec.structs.replace(shown, language=language)
        if screens.hash_of(told, device, language) != kept.get(name, [""] * len(EACH))[at]:
            changed.append(name)
        large = msgspec.structs.replace(told, manner=Manner(is_large=True))
        for each in (told,) if DEVICE_CLASSES[device].is_grid else (told, large):
            if found := _faults(each, device):
                faults[name] = found
    assert not faults, faults
    assert not changed, f"`{COMMAND}` writes them anew, then look at docs/gallery: {changed}"


def test_every_word_is_there_in_its_language_and_a_key_in_every_hint():
    faults = {}
    for name, seen in screens.screens().items():
        found = eyes.faults_of(seen.shown, [])
        if name in QUOTED:
            found = [fault for fault in found if not re.match(r"\w+ in ", fault)]
        if found:
            faults[name] = found
    assert not faults, faults


def test_every_error_and_every_response_code_is_among_them():
    names = set(screens.screens())
    assert {f"error-{code}" for code in CODES.values()} <= names
    assert {f"code-{row.code}" for row in TABLE} <= names
    assert {name.split()[0] for name in screens.kept()} == names


@pytest.mark.parametrize("script", eyes.JOURNEYS, ids=lambda script: script.__name__)
def test_a_journey_shows_these_and_no_others(tmp_path, script):
    found, bank = Collection(), Bank()
    with watching(found.see):
        day(tmp_path, bank, script)
    bank.ledger.close()
    kept = {name for name, seen in screens.screens().items() if script.__name__ in seen.eyes}
    assert found.names == kept, "python -m tests.golden.screens anew plays the journeys and writes them down"


def test_the_gallery_names_screens_that_there_are_and_no_picture_is_left_over():
    assert gallery.names() <= set(screens.screens())
    assert {path.name for path in gallery.FOLDER.rglob("*.png")} == gallery.files()
    assert sum(path.stat().st_size for path in gallery.FOLDER.rglob("*")) < 7_000_000
    assert len(CLASSES) * len(LANGUAGES) == len(EACH)
