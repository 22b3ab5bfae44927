"""Papers on their way out. Law: one after the other, each whole, and no dialogue waits for a roll to turn.

| a paper                    | becomes                                                             |
|----------------------------|---------------------------------------------------------------------|
| is out                     | `out` is True; what is to be done with it (`then`) is done            |
| cannot come out            | it stays first, and the queue stands still: `trouble` says why        |
| is tried again             | whole; with its mark (重打印) when part of it had come out             |
| is given up                | `out` is False; the next one has its turn                             |
| waits for the printer      | looked for every few seconds, and tried again when it is ready        |

Nothing here is kept over a power cut: a receipt is printed again from the records.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

from terminal.journal.store import JournalFailed
from terminal.paper import Paper
from terminal.ports import CoverOpen, DeviceError, Overheated, PaperOut, Printer, PrinterLost
from terminal.receipt import Receipt, again

STATUS = {"ok": "ok", "low": "low", "out": "bad"}  # paper left, as the status bar has it
LOOK_AFTER = 5.0  # seconds between looks at a printer that has no paper
TROUBLES = {PaperOut: "paper-out", CoverOpen: "printer-open", Overheated: "printer-hot", PrinterLost: "printer-lost"}

Typeset = Callable[[Receipt, int], Paper]
Then = Callable[[Paper], Awaitable[None]]
Told = Callable[[str], None]


class Printing:
    """One paper that was asked for. `out` is None until it is over."""

    def __init__(self, receipt: Receipt, then: Then | None) -> None:
        self.receipt, self.then = receipt, then
        self.has_begun = False
        self.over = asyncio.Event()
        self.out: bool | None = None
        self.paper: Paper = ()

    def end(self, is_out: bool) -> None:
        self.out = is_out
        self.over.set()


class PaperQueue:
    """One per printer. `tell` hears how the paper is: "ok", "low" or "bad", as the status bar has it."""

    def __init__(self, printer: Printer, typeset: Typeset, tell: Told) -> None:
        self._printer, self._typeset, self._tell = printer, typeset, tell
        self._waiting: deque[Printing] = deque()
        self._work: asyncio.Task[None] | None = None
        self._look: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.trouble = ""  # a name of bad news; "" while nothing is wrong
        self._is_told = False

    @property
    def waiting(self) -> int:
        """How many papers have not come out yet."""
        return len(self._waiting)

    def put(self, receipt: Receipt, then: Then | None = None) -> Printing:
        """At once, or after what waits already."""
        printing = Printing(receipt, then)
        self._waiting.append(printing)
        if not self.trouble:
            self._begin()
        return printing

    async def settled(self, printing: Printing) -> None:
        """Until it is over, or the queue stands still."""
        while not (printing.over.is_set() or self.trouble):
            await self._change()

    async def finished(self) -> None:
        """Until nothing waits, or the queue stands still."""
        while self._waiting and not self.trouble:
            await self._change()

    async def stands_still(self) -> None:
        """Until there is trouble that nobody was told yet."""
        while not self.trouble or self._is_told:
            await self._change()

    def retry(self) -> None:
        """The first one once more."""
        self._clear()
        self._begin()

    def give_up(self) -> None:
        """The first one will not come out; the others may."""
        self._clear()
        if self._waiting:
            self._waiting.popleft().end(is_out=False)
        self._begin()

    def wait(self) -> None:
        """Nobody is there: go on by yourself as soon as the printer can."""
        self._is_told = True
        if self._look is None:
            self._look = asyncio.create_task(self._until_ready())

    async def close(self) -> None:
        """Nothing more comes out."""
        tasks = [task for task in (self._work, self._look) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- the worker --------------------------------------------------------------------------------------------------
    def _begin(self) -> None:
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._until_empty())
            self._work.add_done_callback(lambda _: self._tell_change())

    async def _until_empty(self) -> None:
        while self._waiting:
            printing = self._waiting[0]
            try:
                await self._one(printing)
            except (PaperOut, PrinterLost) as error:
                printing.has_begun |= error.has_begun
                self._tell("bad")
                self._stop(TROUBLES[type(error)])
                return
            self._waiting.popleft()
            try:
                await self._done(printing)
            except JournalFailed:  # the paper is out and the money over all the same; but it is said
                self._stop("journal-failed")
            printing.end(is_out=True)
            self._tell_change()
            if self.trouble:
                return

    async def _one(self, printing: Printing) -> None:
        receipt = again(printing.receipt) if printing.has_begun else printing.receipt
        paper = self._typeset(receipt, self._printer.columns)
        await self._printer.print(paper)
        printing.paper = paper

    async def _done(self, printing: Printing) -> None:
        with contextlib.suppress(DeviceError):
            self._tell(STATUS[await self._printer.paper_left()])
        if printing.then is not None:
            await printing.then(printing.paper)

    async def _until_ready(self) -> None:
        while self.trouble:
            await asyncio.sleep(LOOK_AFTER)
            with contextlib.suppress(DeviceError):
                if self.trouble and await self._printer.paper_left() != "out":
                    break
        self._look = None
        if self.trouble:
            self.retry()

    # --- who waits ---------------------------------------------------------------------------------------------------
    def _stop(self, trouble: str) -> None:
        self.trouble, self._is_told = trouble, False
        self._tell_change()

    def _clear(self) -> None:
        self.trouble = ""
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _tell_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _change(self) -> None:
        """Raises what ended the worker, if it was no trouble of a printer."""
        if self._work is not None and self._work.done():
            self._work.result()
        await self._changed.wait()
