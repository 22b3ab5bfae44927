"""The simulated printer: at the other end of a pty for the real driver, and in-process for tests on virtual time.

| state   | answers status | prints                    |
|---------|----------------|---------------------------|
| ok      | paper in       | yes                       |
| out     | paper end      | no: takes bytes, no paper |
| off     | nothing        | no                        |
"""

from __future__ import annotations

import asyncio
import os
import tty
from typing import Any, Self

from simulator.counter.escpos_decoder import Decoder
from simulator.counter.paper import as_png, as_text
from terminal.paper import Paper, PaperRow
from terminal.ports import PaperOut, PrinterLost

STATES = ("ok", "out", "off")
STATUS_OK, PAPER_END = 0x12, 0x60  # DLE EOT 4: fixed bits, paper end sensor
PAPER_STATUS = 4
CHUNK = 65_536


class PtyPrinter:
    """`async with PtyPrinter() as printer:`; `path` is what a serial driver opens."""

    def __init__(self, columns: int = 32) -> None:
        self.columns, self.state = columns, "ok"
        self.path = ""
        self.unknown: list[str] = []
        self._decoder, self._papers = Decoder(), list[tuple[PaperRow, ...]]()
        self._drawn: dict[int, dict[str, Any]] = {}
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
        """Raises ValueError for what is not in STATES."""
        if state not in STATES:
            raise ValueError(f"a printer is one of {', '.join(STATES)}")
        self.state = state

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
        except (BlockingIOError, OSError):
            return
        if self.state == "off":
            return
        decoded = self._decoder.feed(data)
        self.unknown.extend(decoded.unknown)
        for request in decoded.status_requests:
            end = PAPER_END if request == PAPER_STATUS and self.state == "out" else 0
            os.write(self._ours, bytes([STATUS_OK | end]))
        if self.state == "ok":
            self._papers.extend(decoded.papers)


class SimulatedPrinter:
    """The Printer port, in-process: no thread, no pty."""

    def __init__(self, columns: int = 32) -> None:
        self.columns = columns
        self.papers: list[Paper] = []
        self.is_out = self.is_lost = False

    async def print(self, paper: Paper) -> None:
        """Raises PaperOut, PrinterLost."""
        if not await self.has_paper():
            raise PaperOut("the printer has no paper")
        self.papers.append(paper)

    async def has_paper(self) -> bool:
        """Raises PrinterLost."""
        if self.is_lost:
            raise PrinterLost("the printer does not answer")
        return not self.is_out
