"""The signature pad: ink that is confirmed, or the paper; and whatever is pressed, it is over in time."""

from __future__ import annotations

import asyncio

import pytest

from terminal.dialogue.desk import PROMPT_SECONDS, Desk
from terminal.events import CodeScanned, Event, KeyPressed, StrokeDrawn
from terminal.money import Money
from terminal.screens import Shown, SignPad, say
from tests.virtual_time import run

STROKE = StrokeDrawn(((100, 100), (900, 900)))


class Cardholder:
    """A front that plays a script: seconds to wait, then an event; for ever the last pair of a `refrain`."""

    def __init__(self, *script: tuple[float, Event], refrain: tuple[float, Event] | None = None) -> None:
        self.script, self.refrain, self.shown = list(script), refrain, [Shown(SignPad(say("a"), "", ""))]

    def show(self, shown: Shown) -> None:
        self.shown.append(shown)

    async def event(self) -> Event:
        if not self.script and self.refrain is None:
            await asyncio.sleep(1e6)
        seconds, event = self.script.pop(0) if self.script else self.refrain or (0, STROKE)
        await asyncio.sleep(seconds)
        return event


def signed(front: Cardholder) -> tuple[int, float]:
    """How many strokes were signed, and after how many seconds."""

    async def sign() -> tuple[int, float]:
        async with asyncio.timeout(1000):
            strokes = await Desk(front).sign(say("sign.title", kind="x"), Money(100), "43335979")
        return len(strokes), asyncio.get_running_loop().time()

    return run(sign())


def test_confirmed_ink_is_the_signature() -> None:
    assert signed(Cardholder((1, STROKE), (1, STROKE), (1, KeyPressed("enter")))) == (2, 3)


@pytest.mark.parametrize(
    "script",
    [
        ((1, KeyPressed("enter")),),
        ((0.5, STROKE), (0.25, KeyPressed("clear")), (0.25, KeyPressed("enter"))),
        ((0.5, STROKE), (0.5, KeyPressed("cancel"))),
    ],
)
def test_a_blank_pad_or_one_that_is_left_means_paper(script: tuple[tuple[float, Event], ...]) -> None:
    assert signed(Cardholder(*script)) == (0, 1)


def test_ink_that_nobody_confirms_is_no_signature() -> None:
    assert signed(Cardholder((10, STROKE))) == (0, 10 + PROMPT_SECONDS)


def test_each_stroke_gives_time_for_the_next() -> None:
    strokes = [(PROMPT_SECONDS - 1, STROKE)] * 3
    assert signed(Cardholder(*strokes, (1, KeyPressed("enter")))) == (3, 3 * PROMPT_SECONDS - 2)


@pytest.mark.parametrize("event", [KeyPressed("5"), KeyPressed("clear"), CodeScanned("x")])
def test_a_stuck_key_does_not_keep_the_pad(event: Event) -> None:
    assert signed(Cardholder((10, STROKE), (1, KeyPressed("clear")), refrain=(0.2, event)))[1] <= 11 + PROMPT_SECONDS
