"""The training panel behind the page: lessons are set up, and a sale is made by itself. Law: one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from simulator.counter.desk import BankDesk
from simulator.counter.lessons import BY_ID, LESSONS, CannotPrepare, prepare, told
from simulator.counter.play import NeverCame, Played, Player


class Trained(Played, Protocol):
    """The part of a CounterDesk that a lesson needs."""

    @property
    def bank(self) -> BankDesk: ...

    def set_printer(self, state: str) -> None: ...


class Training:
    """`ended` is called when something has ended."""

    def __init__(self, desk: Trained, ended: Callable[[], None]) -> None:
        self._desk, self._ended = desk, ended
        self._work: asyncio.Task[None] | None = None
        self._has_own_code = False
        self.trouble = ""  # why no sale was made

    @property
    def is_preparing(self) -> bool:
        """Whether a sale is being made."""
        return self._work is not None and not self._work.done()

    def lessons(self) -> list[dict[str, Any]]:
        """For the page."""
        return [told(lesson) for lesson in LESSONS]

    async def set_up(self, lesson: str) -> None:
        """Put right what an earlier lesson broke, then break what this one is about. Raises KeyError."""
        wanted = BY_ID[lesson]
        self._desk.bank.clear_faults()
        self._desk.set_printer(wanted.printer)
        await self._desk.remove()
        if wanted.faults:
            self._desk.bank.add_faults(wanted.faults)

    def prepare(self) -> None:
        """Raises CannotPrepare while it is at it already."""
        if self.is_preparing:
            raise CannotPrepare("a sale is being made already")
        self.trouble = ""
        self._work = asyncio.create_task(self._prepare())
        self._work.add_done_callback(lambda _: self._ended())

    async def _prepare(self) -> None:
        try:
            await prepare(Player(self._desk, is_quiet=True), self._has_own_code)
            self._has_own_code = True
        except (CannotPrepare, NeverCame) as trouble:
            self.trouble = str(trouble).partition("\n")[0]
