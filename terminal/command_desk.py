"""The desk of a command line: a code is typed unseen, bad news are printed. Law: nothing is answered for who is asked.

So that a code is proven at a prompt by the very rules of the device (terminal/dialogue/proof.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from terminal.dialogue.bad_news import Stopped, notice
from terminal.dialogue.desk import MAX_DIGITS, RESULT_SECONDS, Desk
from terminal.events import Event
from terminal.screens import Notice, Row, Say, Shown, say
from ui.text import words


class NotProven(Exception):
    """It ends here; the sentence says why."""


class NobodyLooks:
    """The Front port of a command line."""

    def show(self, shown: Shown) -> None:
        """There is no screen."""

    async def event(self) -> Event:
        raise NotProven("a command line has no keys")


class CommandDesk(Desk):
    """Digits come from a hidden prompt; Ctrl-D and Ctrl-C leave."""

    def __init__(self, language: str) -> None:
        super().__init__(NobodyLooks(), language)
        self._words = words(language)

    async def digits(
        self,
        title: Say,
        prompt: Say,
        size: tuple[int, int],
        *lines: Say,
        is_secret: bool = False,
        rows: Sequence[Row] = (),
        typed: str = "",
        shows_last: int = MAX_DIGITS,
    ) -> str:
        """Asks until it is of that size. Raises NotProven."""
        while True:
            try:
                answer = str(click.prompt(self._words.text(prompt), hide_input=is_secret, err=True))
            except click.Abort:
                raise NotProven("left without a code") from None
            if answer.isascii() and answer.isdigit() and size[0] <= len(answer) <= size[1]:
                return answer
            click.echo(f"{size[0]}-{size[1]}", err=True)

    async def tell(self, notice: Notice, deadline: float = RESULT_SECONDS, topic: str = "") -> str:
        """Printed; no key."""
        for said in (notice.headline, *notice.lines):
            click.echo(self._words.text(said), err=True)
        return ""

    def say_stopped(self, stop: Stopped) -> None:
        """Why it ends."""
        shown = notice(stop.name, say("staff.title"), **stop.args_)
        for said in (shown.headline, *shown.lines):
            click.echo(self._words.text(said), err=True)
