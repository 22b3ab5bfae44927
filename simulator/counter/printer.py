"""The simulated printer: at the other end of a pty for the real driver, and in-process for tests on virtual time.

| state   | answers status       | prints                                                          |
|---------|----------------------|-----------------------------------------------------------------|
| ok      | paper in             | yes                                                             |
| out     | paper end, off line  | no: what is sent is lost, and a paper begun is torn off and lost |
| off     | nothing              | no                                                              |
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from typing import Any, Self

from simulator.counter.escpos_decoder import Decoded, Decoder
from simulator.counter.paper import as_png, as_text
from terminal.paper import Paper, PaperRow
from terminal.ports import PaperLeft, PaperOut, PrinterLost

STATES = ("ok", "out", "off")
PAPER_STATUS, PRINTER_STATUS = 4, 1  # DLE EOT n
STATUS_OK = 0x12  # the fixed bits of an answer to DLE EOT
PAPER_END, OFF_LINE = 0x60, 0x08
IN_TURN_OK = 0x00  # the answer to GS r 1 with paper in
CHUNK = 65_536


class PtyPrinter:
    """`async with PtyPrinter() as printer:`; `path` is what a serial driver opens."""

    def __init__(self, columns: int = 32) -> None:
        self.columns, self.state = columns, "ok"
        self.path = ""
        self.unknown: list[str] = []
        self._decoder, self._papers = Decoder(), list[tuple[PaperRow, ...]]()
        self._drawn: dict[int, dict[str, Any]] = {}
        self._rows_left: int | None = None
        self._ours = self._theirs = -1

    async def __aenter__(self) -> Self:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        # the other end stays open here, or the pty would hang up each time the driver closes it
        self.path = os.ttyname(self._theirs)
        asyncio.get_running_loop().add_reader(self._ours, self._readable)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._ours)
        os.close(self._theirs)

    def set_state(self, state: str) -> None:
        """Raises ValueError for what is not in STATES. A new roll is a new beginning."""
        if state not in STATES:
            raise ValueError(f"a printer is one of {', '.join(STATES)}")
        self.state, self._rows_left = state, None
        if state == "ok":
            self._decoder = Decoder()

    def run_out_after(self, rows: int) -> None:
        """The roll ends when the paper being printed has more rows than this."""
        self._rows_left = rows

    @property
    def count(self) -> int:
        """How many papers have come out."""
        return len(self._papers)

    def papers(self) -> list[dict[str, Any]]:
        """Every paper up to its cut: {"text", "png"}, oldest first; each is drawn once."""
        return [self._paper(number) for number in range(len(self._papers))]

    def _paper(self, number: int) -> dict[str, Any]:
        if number not in self._drawn:
            rows = self._papers[number]
            self._drawn[number] = {"text": as_text(rows), "png": as_png(rows, self.columns)}
        return self._drawn[number]

    def _readable(self) -> None:
        try:
            data = os.read(self._ours, CHUNK)
        except OSError:
            return
        if self.state != "off":
            self._take(self._decoder.feed(data))

    def _take(self, decoded: Decoded) -> None:
        self.unknown.extend(decoded.unknown)
        if self.state == "ok" and self._is_at_its_end(decoded):
            self.state = "out"
        if self.state == "ok":
            self._papers.extend(decoded.papers)
            self._answer(IN_TURN_OK for _ in decoded.requests_in_turn)
        self._answer(self._status(request) for request in decoded.status_requests)

    def _is_at_its_end(self, decoded: Decoded) -> bool:
        longest = max([self._decoder.rows, *(len(paper) for paper in decoded.papers)])
        return self._rows_left is not None and longest > self._rows_left

    def _status(self, request: int) -> int:
        is_out = self.state == "out"
        bits = {PAPER_STATUS: PAPER_END, PRINTER_STATUS: OFF_LINE}.get(request, 0)
        return STATUS_OK | (bits if is_out else 0)

    def _answer(self, status: Any) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads
            os.write(self._ours, bytes(status))


class SimulatedPrinter:
    """The Printer port, in-process: no thread, no pty."""

    def __init__(self, columns: int = 32) -> None:
        self.columns = columns
        self.papers: list[Paper] = []
        self.is_out = self.is_lost = self.is_low = False
        self.out_at_row: int | None = None

    async def print(self, paper: Paper) -> None:
        """Raises PaperOut, PrinterLost."""
        if await self.paper_left() == "out":
            raise PaperOut("the printer has no paper")
        if self.out_at_row is not None and len(paper) > self.out_at_row:
            self.is_out, self.out_at_row = True, None
            raise PaperOut("the paper ran out while printing", has_begun=True)
        self.papers.append(paper)

    async def paper_left(self) -> PaperLeft:
        """Raises PrinterLost."""
        if self.is_lost:
            raise PrinterLost("the printer does not answer")
        return "out" if self.is_out else "low" if self.is_low else "ok"
