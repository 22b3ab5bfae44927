"""Devices of the practice room that the simulator has no twin of. Law: nothing is kept, nothing is adopted."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from keys.at_rest.key_file import Contents, KeyFile
from terminal.paper import Paper
from terminal.ports import Clock, PaperLeft, PaperOut, Printer
from terminal.receipt import Receipt, Text
from terminal.screens import say


class PracticeClock:
    """The Clock port: the real time, or some days ago; a time that is told here is not adopted."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self.ago = clock, timedelta()

    def now(self) -> datetime:
        return self._clock.now() - self.ago

    def adopt(self, now: datetime) -> None:
        del now

    def uptime(self) -> tuple[str, float]:
        return self._clock.uptime()


class PracticePrinter:
    """The Printer port: counts papers, and prints them where that is wanted."""

    def __init__(self, columns: int, to_paper: Printer | None) -> None:
        self.columns, self._to_paper = columns, to_paper
        self.is_out, self.papers = False, 0

    async def print(self, paper: Paper) -> None:
        """Raises PaperOut, PrinterLost."""
        if self.is_out:
            raise PaperOut("the practice has no paper")
        self.papers += 1
        if self._to_paper is not None:
            await self._to_paper.print(paper)

    async def paper_left(self) -> PaperLeft:
        """Raises PrinterLost."""
        if self.is_out or self._to_paper is None:
            return "out" if self.is_out else "ok"
        return await self._to_paper.paper_left()


class EmptyInbox:
    """The Inbox port without files."""

    async def waiting(self) -> list[tuple[str, str]]:
        return []

    async def put_by(self, name: str, verdict: str, why: str) -> None:
        del name, verdict, why


class MemoryKeyFile(KeyFile):
    """A key file that is none: TEST KEYS, gone with the lesson."""

    def __init__(self) -> None:
        super().__init__(Path("practice"), os.urandom(32))

    def read(self) -> Contents:
        return Contents()

    def write(self, contents: Contents) -> None:
        del contents

    def write_last(self, contents: Contents) -> None:
        del contents


def marked(typeset: Callable[[Receipt, int], Paper]) -> Callable[[Receipt, int], Paper]:
    """Every paper says that it is none, whoever made it."""
    demo = Text(say("paper.demo"), is_centred=True)

    def set_marked(receipt: Receipt, columns: int) -> Paper:
        lines = receipt.lines if demo in receipt.lines else (demo, *receipt.lines)
        return typeset(msgspec.structs.replace(receipt, lines=lines), columns)

    return set_marked
