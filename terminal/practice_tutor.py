"""The tutor between the practice's desk and the real front. Law: he shows and hears all there is, and adds to it.

| he adds                            | when                                                       |
|------------------------------------|------------------------------------------------------------|
| what to do next                    | on each screen of a lesson that asks for something         |
| a hand with the cardholder's card  | HAND_SECONDS after a card prompt                           |
| a new roll of paper                | where it is out: the merchant prints again                 |
| the way out                        | cancel twice at once                                       |
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec

from terminal.dialogue.lessons import Lesson, hint
from terminal.events import Event, KeyPressed
from terminal.ports import Front
from terminal.screens import CardPrompt, Menu, Notice, Row, Screen, Sheet, Shown, say

HAND_SECONDS = 2.0
TWICE_SECONDS = 1.5


class Cardholder(Protocol):
    """What the tutor's hands do in a lesson."""

    plan: Lesson

    def serve(self, accepts: tuple[str, ...]) -> None:
        """As the card prompt asks: take a card away, or insert one."""
        ...

    def new_roll(self) -> None: ...


class Tutor:
    """The Front port, before another."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self.lesson: Cardholder | None = None
        self.is_left = False
        self._hand: asyncio.TimerHandle | None = None
        self._asked: tuple[str, ...] = ()
        self._cancelled_at = -TWICE_SECONDS

    def show(self, shown: Shown) -> None:
        if self.lesson is not None:
            self._act(self.lesson, shown.screen)
            shown = msgspec.structs.replace(shown, screen=_hinted(self.lesson.plan, shown.screen))
        self._front.show(shown)

    async def event(self) -> Event:
        event = await self._front.event()
        if isinstance(event, KeyPressed):
            now = asyncio.get_running_loop().time()
            is_cancel = event.key == "cancel"
            self.is_left |= is_cancel and now - self._cancelled_at < TWICE_SECONDS
            self._cancelled_at = now if is_cancel else -TWICE_SECONDS
        return event

    def _act(self, practice: Cardholder, screen: Screen) -> None:
        asked = screen.accepts if isinstance(screen, CardPrompt) else ()
        if asked != self._asked and self._hand is not None:
            self._hand.cancel()
        if asked and asked != self._asked:
            self._hand = asyncio.get_running_loop().call_later(HAND_SECONDS, practice.serve, asked)
        self._asked = asked
        if isinstance(screen, Notice) and screen.headline.id == "bad.paper-out":
            practice.new_roll()


def _hinted(lesson: Lesson, screen: Screen) -> Screen:
    """With what to do next: beside the title of a sheet, which is full of rows; else as a row or a line of its own."""
    said = hint(lesson, screen)
    if said is None:
        return screen
    if isinstance(screen, Sheet):
        return msgspec.structs.replace(screen, title=say("practice.beside", title=screen.title, hint=said))
    if isinstance(screen, Menu):
        return msgspec.structs.replace(screen, lines=(say("practice.says", hint=said), *screen.lines))
    if isinstance(screen, Notice):
        return msgspec.structs.replace(screen, lines=(*screen.lines, say("practice.says", hint=said)))
    if hasattr(screen, "rows"):
        return msgspec.structs.replace(screen, rows=(Row(say("practice.tutor"), said), *screen.rows))
    return screen
