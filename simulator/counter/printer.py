"""The printer's simulated twin."""

from __future__ import annotations

from terminal.paper import Paper
from terminal.ports import PaperOut, PrinterLost


class SimulatedPrinter:
    """The Printer port, in-process."""

    def __init__(self, columns: int = 32) -> None:
        self.columns, self.papers = columns, []
        self.is_out = self.is_lost = False

    async def print(self, paper: Paper) -> None:
        if not await self.has_paper():
            raise PaperOut("out of paper")
        self.papers.append(paper)

    async def has_paper(self) -> bool:
        if self.is_lost:
            raise PrinterLost("no answer")
        return not self.is_out
