"""Cards and lessons as a learner is told of them, and the counter's front: glass, keys, film captions."""

from __future__ import annotations

import re
from typing import Any

import pytest

from simulator.acquirer.fault_script import parsed
from simulator.cards.tray import load_tray
from simulator.counter import printer
from simulator.counter.card_notes import NOTES, listed
from simulator.counter.glass import Glass, device_classes
from simulator.counter.lessons import LESSONS
from simulator.counter.web import STATIC
from terminal.screens import Ask, Item, Menu, Notice, Shown, Tone, say
from ui.layout import DEVICE_CLASSES

MENU = Shown(Menu(say("menu.title"), tuple(Item(say("menu.refund")) for _ in range(9))))


def test_every_card_has_its_sentence_and_there_is_no_other() -> None:
    assert set(NOTES) == {card.id for card in load_tray()}
    assert all(zh and en for zh, en in NOTES.values())
    assert not any(re.search("[一-鿿]", en) for _, en in NOTES.values())


def test_a_card_is_told_without_its_number() -> None:
    tray = {card.id: card for card in load_tray()}
    told = listed(tray, "unionpay-debit")
    assert [card["id"] for card in told if card["inserted"]] == ["unionpay-debit"]
    assert [card["bad"] for card in told] == sorted(card["bad"] for card in told)
    assert not any(pan in str(told) for card in tray.values() for pan in card.pans)


def test_lessons_can_be_set_up() -> None:
    tray = {card.id for card in load_tray()}
    for lesson in LESSONS:
        parsed(lesson.faults)
        assert lesson.printer in printer.STATES
        assert lesson.card in tray | {""}


def test_the_page_has_a_name_for_every_state_of_the_printer_and_every_body() -> None:
    script = (STATIC / "words.js").read_text("utf-8")
    assert set(re.findall(r"(\w+): \[", re.search(r"PRINTERS = {(.*?)};", script)[1])) >= set(printer.STATES)  # type: ignore[index]
    bodies = set(re.findall(r"(\w+): \[", re.search(r"BODIES = {(.*?)};", script)[1]))  # type: ignore[index]
    assert {one["body"] for one in device_classes()} <= bodies
    assert [one["name"] for one in device_classes()] == list(DEVICE_CLASSES)


class Seen:
    """Counts pictures."""

    count = 0

    def __call__(self) -> None:
        self.count += 1


async def test_a_key_on_glass_looks_pressed_and_is_let_go() -> None:
    seen = Seen()
    glass = Glass("touch-480x800", Shown(Notice(say("desk.product"), Tone.PLAIN, say("desk.starting"))), seen)
    before = glass.png()
    glass.press("enter", seconds=0.01)
    assert glass.png() != before
    for _ in range(200):
        if not glass.pressed:
            break
        await pause()
    assert (glass.png(), seen.count) == (before, 2)


async def pause() -> None:
    import asyncio

    await asyncio.sleep(0.005)


def test_four_lines_are_scrolled_by_the_device_and_the_core_hears_the_last_key() -> None:
    seen = Seen()
    glass = Glass("lcd-128x64", MENU, seen)
    top = glass.png()
    assert not glass.scrolls("up")
    assert glass.scrolls("down")
    assert glass.png() != top
    for _ in range(20):
        glass.scrolls("down")
    assert not glass.scrolls("down")
    assert not glass.scrolls("1")


def test_another_class_shows_the_same_screen() -> None:
    seen = Seen()
    shown = Shown(Ask(say("desk.product"), say("desk.starting"), "12.50"))
    glass = Glass("touch-480x800", shown, seen)
    sizes: list[Any] = []
    for name in DEVICE_CLASSES:
        glass.turn_into(name)
        sizes.append(glass.picture().size)
    assert sizes == [(one.width, one.height) for one in DEVICE_CLASSES.values()]
    with pytest.raises(ValueError, match="abacus"):
        glass.turn_into("abacus")
    assert glass.shown == shown
