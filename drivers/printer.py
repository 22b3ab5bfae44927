"""Receipts on paper. Law: status is asked first and while it prints; what is not proved printed is not called printed.

| in                  | what                                                                    |
|---------------------|-------------------------------------------------------------------------|
| printer.py          | the port: one paper after another, and what is done after a broken one  |
| printer_profile.py  | what a model can do (drivers/printers/*.toml)                           |
| printer_bytes.py    | a paper as ESC/POS, in bands; printer_font.py: our font as dots         |
| printer_ways.py     | serial line, network, USB line printer, file                            |
| printer_talk.py     | asking and hearing it out; printer_status.py: what the answers mean     |

python-escpos takes half a second to import: the self-check's question for the paper left begins it, in the worker
thread, after the answer is given.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from drivers.own_thread import apart
from drivers.printer_bytes import Band, escpos_bands, filler, scrap_cut
from drivers.printer_profile import profile as profile_of
from drivers.printer_talk import Asked, Memory, Talk, Unasked, Wired, cause
from drivers.printer_ways import FOREIGN, WAYS, Way
from terminal.paper import Paper, QrRow, TextRow
from terminal.ports import CoverOpen, Overheated, PaperLeft, PaperOut, PrinterLost

T = TypeVar("T")

WARMING: Paper = (TextRow("原路"), QrRow("0"))


class EscposPrinter:
    """The Printer port. Raises ValueError for a target, profile or width that is none.

    `status_seconds` is how long an idle printer may take for an answer, `print_seconds` how long a printing one may go
    without a sign of life, or without taking what it is sent.
    """

    def __init__(
        self,
        target: str,
        columns: int,
        status_seconds: float = 1.0,
        print_seconds: float = 15.0,
        profile: str = "",
    ) -> None:
        kind, separator, place = target.partition(":")
        if not separator or not place or kind not in WAYS:
            raise ValueError(f"printer.target {target!r} is none of {', '.join(f'{name}:' for name in WAYS)}")
        self.columns = columns
        self._kind, self._place = kind, place
        self._profile = profile_of(profile)
        self._profile.grid(columns)
        self._status_seconds, self._print_seconds = status_seconds, print_seconds
        self._memory = Memory(self._profile.status)
        self._is_scrap = False  # part of a broken paper hangs out of the printer
        self._is_sure = False  # that the printer waits for a command, not for the rest of one
        self._was_filled = False  # to find that out, once
        self._is_warm = False
        self._turn = asyncio.Lock()
        self._warming: asyncio.Task[None] | None = None

    async def print(self, paper: Paper) -> None:
        """Raises PaperOut, PrinterLost (CoverOpen, Overheated), with has_begun; a broken paper is begun anew whole."""
        await self._alone(lambda: self._print(paper))

    async def paper_left(self) -> PaperLeft:
        """Raises PrinterLost (CoverOpen, Overheated)."""
        try:
            return await self._alone(self._left)
        finally:
            if not self._is_warm:
                self._is_warm = True
                self._warming = asyncio.create_task(self._alone(self._warm_up))

    async def _alone(self, work: Callable[[], T]) -> T:
        """In a thread, one by one. Who leaves before its turn prints nothing; who leaves later gets a whole paper."""
        await self._turn.acquire()
        working = asyncio.ensure_future(apart(work))
        working.add_done_callback(self._finished)
        return await asyncio.shield(working)

    def _finished(self, working: asyncio.Future[Any]) -> None:
        self._turn.release()
        if not working.cancelled():
            working.exception()  # whoever waited for it may have left

    def _warm_up(self) -> None:
        with contextlib.suppress(PrinterLost):  # our font is missing: the first paper tells
            escpos_bands(WARMING, self.columns, self._profile)

    def _left(self) -> PaperLeft:
        with self._opened() as way:
            return self._asked(way, self._talk(way))

    def _asked(self, way: Way, talk: Talk) -> PaperLeft:
        """Once more where a power cut may have left it waiting for the rest of a picture."""
        try:
            return talk.left()
        except (CoverOpen, Overheated):
            raise
        except PrinterLost:
            if self._is_sure or self._was_filled or not way.answers:
                raise
        self._was_filled = True
        self._fill(way)
        left = talk.left()
        self._is_sure = True
        return left

    def _print(self, paper: Paper) -> None:
        bands = escpos_bands(paper, self.columns, self._profile)
        with self._opened() as way:
            talk = self._talk(way)
            if self._asked(way, talk) == "out":
                raise PaperOut("the printer has no paper")
            self._begin_clean(way, talk)
            try:
                self._send(way, talk, bands)
            except (PaperOut, PrinterLost, *FOREIGN) as error:
                raise self._broken(talk, cause(talk, error)) from None

    def _begin_clean(self, way: Way, talk: Talk) -> None:
        """After an interruption nothing of the paper before may come out, or hang together with this one."""
        if self._is_scrap:
            talk.forget()
        if self._is_scrap or (way.answers and not self._is_sure):  # a power cut may have broken one off
            self._fill(way)
        if self._is_scrap:
            way.write(scrap_cut(self._profile), self._print_seconds)
        talk.ready()
        self._is_scrap, self._is_sure = False, True

    def _fill(self, way: Way) -> None:
        way.write(filler(self._profile), self._print_seconds)
        way.drain(self._print_seconds)  # what is asked next must not wait behind it on a slow line

    def _send(self, way: Way, talk: Talk, bands: tuple[Band, ...]) -> None:
        end = time.monotonic() + self._profile.seconds(sum(band.dots for band in bands))
        for band in bands:
            way.write(band.data, self._print_seconds)
            if band is not bands[-1]:
                talk.between()
        talk.see_out(max(0.0, end - time.monotonic()))

    def _broken(self, talk: Talk, error: Exception) -> Exception:
        """What is told of a paper that was begun; a printer that still answers is made to forget the rest of it."""
        self._is_scrap, self._is_sure = True, False
        if isinstance(error, FOREIGN):
            return PrinterLost(f"the printer is lost: {type(error).__name__}", has_begun=True)
        if isinstance(error, PaperOut | CoverOpen | Overheated):
            with contextlib.suppress(*FOREIGN):
                talk.forget()
        kind = next(kind for kind in (PaperOut, CoverOpen, Overheated, PrinterLost) if isinstance(error, kind))
        return kind(*error.args, has_begun=True)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Way]:
        way, is_lost = None, True
        try:
            way = WAYS[self._kind](self._place, self._profile.flow)
            if self._kind == "net":
                self._memory.owed = 0  # answers that are late came with the connection before
            yield way
            is_lost = False
        except FOREIGN as error:
            raise PrinterLost(f"the printer is lost: {type(error).__name__}") from None
        finally:
            if way is not None:
                way.close(is_lost)

    def _talk(self, way: Way) -> Talk:
        if self._profile.status == "none" or self._kind == "file":
            return Unasked(way, self._print_seconds)
        if not way.answers:
            return Wired(way, self._print_seconds)
        return Asked(way, self._profile, self._memory, self._status_seconds, self._print_seconds)
