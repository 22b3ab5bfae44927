"""Papers on their way out. Law: one after the other, each whole, and no dialogue waits for a roll to turn.

| a paper                    | becomes                                                             |
|----------------------------|---------------------------------------------------------------------|
| is out                     | `out` is True; what is to be done with it (`then`) is done            |
| cannot come out            | it stays first, and the queue stands still: `trouble` says why        |
| is tried again             | whole; with its mark (重打印) when part of it had come out             |
| is given up                | `out` is False; the next one has its turn                             |
| is one too many            | the oldest is given up: it can be printed from the records             |
| the program fails at it    | `out` is False; the next one has its turn; who waits hears of it, once |
| waits for the printer      | looked for every few seconds, and tried again when it is ready;       |
|                            | ever more seldom while it says so and prints nothing                  |

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
MOST = 20  # papers that wait: a roll's worth; of a whole day without a printer the older ones are left to the records
LOOK_AFTER, LOOK_MOST = 5.0, 300.0  # seconds between looks at a printer that has no paper; the more the more it lies
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
        self.left_out = 0  # papers that gave way to later ones: they are in the records
        self.trouble = ""  # a name of bad news; "" while nothing is wrong
        self._is_told, self._look_after = False, LOOK_AFTER
        self._fault: Exception | None = None  # of the program, that nobody was told yet

    @property
    def waiting(self) -> int:
        """How many papers have not come out yet."""
        return len(self._waiting)

    def put(self, receipt: Receipt, then: Then | None = None) -> Printing:
        """At once, or after what waits already."""
        if self.trouble and len(self._waiting) >= MOST:
            self._leave(self._waiting[0])
            self.left_out += 1
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

    def give_up(self, printing: Printing | None = None) -> None:
        """This one, or the first, will not come out; the others may, and what stood before it waits on."""
        if printing is not None and printing in self._waiting and printing is not self._waiting[0]:
            self._leave(printing)
            self.wait()
            return
        self._clear()
        if self._waiting:
            self._leave(self._waiting[0])
        self._begin()

    def _leave(self, printing: Printing) -> None:
        self._waiting.remove(printing)
        printing.end(is_out=False)

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
            except Exception as error:  # noqa: BLE001 - of the program: no other paper is to wait behind it
                self._fault = error
                self._leave(printing)
                self._tell_change()
                continue
            self._waiting.popleft()
            self._look_after = LOOK_AFTER
            try:
                await self._done(printing)
            except JournalFailed:  # the paper is out and the money over all the same; but it is said
                self._stop("journal-failed")
            except Exception as error:  # noqa: BLE001 - as above; but this one is out
                self._fault = error
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
            await asyncio.sleep(self._look_after)
            with contextlib.suppress(DeviceError):
                if self.trouble and await self._printer.paper_left() != "out":
                    break
        self._look = None
        if self.trouble:
            self._look_after = min(2 * self._look_after, LOOK_MOST)  # until a paper is out
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
        """Raises a fault of the program, once, and what ended the worker."""
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        if self._work is not None and self._work.done():
            self._work.result()
        await self._changed.wait()
