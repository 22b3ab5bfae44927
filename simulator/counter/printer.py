"""The simulated printers: on a pty and on the network for the real driver, and in-process for tests on virtual time.

| printer          | what a driver opens        | inside                       |
|------------------|----------------------------|------------------------------|
| PtyPrinter       | serial:<path>@115200       | print_engine.Engine          |
| NetPrinter       | net:127.0.0.1:<port>       | print_engine.Engine          |
| SimulatedPrinter | nothing: it is the port    | a list of papers             |

Their states and lies are the tables of print_engine.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from typing import Self

from simulator.counter.print_engine import LIES as LIES
from simulator.counter.print_engine import STATES as STATES
from simulator.counter.print_engine import Engine
from terminal.paper import Paper
from terminal.ports import CoverOpen, Overheated, PaperLeft, PaperOut, PrinterLost

CHUNK = 65_536
NET_CHUNK = 512  # read at once while it is stuck or not: what is not read fills the sockets
LATE_SECONDS = 0.3  # how late the lie "late" answers


class PtyPrinter(Engine):
    """`async with PtyPrinter() as printer:`; `path` is what a serial driver opens."""

    def __init__(self, columns: int = 32, has_knife: bool = True) -> None:
        super().__init__(columns, has_knife)
        self.path = self.target = ""
        self._ours = self._theirs = -1
        self.say = self._write

    async def __aenter__(self) -> Self:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        # the other end stays open here, or the pty would hang up each time the driver closes it
        self.path = os.ttyname(self._theirs)
        self.target = f"serial:{self.path}@115200"
        asyncio.get_running_loop().add_reader(self._ours, self._readable)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._ours)
        os.close(self._theirs)
        self._ours = -1

    def _readable(self) -> None:
        if self.lie == "stuck":
            asyncio.get_running_loop().remove_reader(self._ours)
            return
        with contextlib.suppress(OSError):
            answers = self.take(os.read(self._ours, CHUNK))
            if self.lie == "late":
                asyncio.get_running_loop().call_later(LATE_SECONDS, self._write, answers)
            else:
                self._write(answers)

    def set_lie(self, lie: str) -> None:
        """A printer that is no longer stuck reads on."""
        super().set_lie(lie)
        if lie != "stuck" and self._ours >= 0:
            asyncio.get_running_loop().add_reader(self._ours, self._readable)

    def _write(self, answers: bytes) -> None:
        with contextlib.suppress(OSError):  # nobody reads, or it is closed
            if answers and self._ours >= 0:
                os.write(self._ours, answers)


class NetPrinter(Engine):
    """`async with NetPrinter() as printer:`; `target` is where it listens. It hears one connection at a time."""

    def __init__(self, columns: int = 32, has_knife: bool = True) -> None:
        super().__init__(columns, has_knife)
        self.target = ""
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._met, "127.0.0.1", 0, limit=NET_CHUNK)
        self.target = f"net:127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)

    def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._talk(reader, writer))
        self._talking.add(task)
        task.add_done_callback(self._talking.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                async with self._turn:
                    while data := await reader.read(CHUNK):
                        writer.write(await self._answered(data))
                        await writer.drain()
        finally:
            writer.close()

    async def _answered(self, data: bytes) -> bytes:
        answers = self.take(data)
        while self.lie == "stuck":  # noqa: ASYNC110 - nothing is read until it is over
            await asyncio.sleep(LATE_SECONDS / 10)
        if self.lie == "late":
            await asyncio.sleep(LATE_SECONDS)
        return answers


class SimulatedPrinter:
    """The Printer port, in-process: no thread, no pty."""

    def __init__(self, columns: int = 32) -> None:
        self.columns = columns
        self.papers: list[Paper] = []
        self.is_out = self.is_lost = self.is_low = self.is_open = self.is_hot = False
        self.out_at_row: int | None = None
        self._next_state = "out"

    def set_state(self, state: str) -> None:
        """Raises ValueError for what is not in STATES."""
        if state not in STATES:
            raise ValueError(f"a printer is one of {', '.join(STATES)}")
        self.out_at_row = None
        self._enter(state)

    def run_out_after(self, rows: int) -> None:
        """The roll ends when the next paper has more rows than this."""
        self.change_after(rows, "out")

    def change_after(self, rows: int, state: str) -> None:
        """The same with any state."""
        self.out_at_row, self._next_state = rows, state

    async def print(self, paper: Paper) -> None:
        """Raises PaperOut, PrinterLost (CoverOpen, Overheated)."""
        if await self.paper_left() == "out":
            raise PaperOut("the printer has no paper")
        if self.out_at_row is not None and len(paper) > self.out_at_row:
            self.out_at_row = None
            self._enter(self._next_state)
            if failure := self._failure(has_begun=True):
                raise failure
        self.papers.append(paper)

    async def paper_left(self) -> PaperLeft:
        """Raises PrinterLost (CoverOpen, Overheated)."""
        failure = self._failure(has_begun=False)
        if isinstance(failure, PrinterLost):
            raise failure
        return "out" if failure else "low" if self.is_low else "ok"

    def _enter(self, state: str) -> None:
        self.is_out, self.is_lost, self.is_low = state == "out", state == "off", state == "low"
        self.is_open, self.is_hot = state == "open", state == "hot"

    def _failure(self, has_begun: bool) -> PaperOut | PrinterLost | None:
        if self.is_lost:
            return PrinterLost("the printer does not answer", has_begun=has_begun)
        if self.is_open:
            return CoverOpen("the printer's cover is open", has_begun=has_begun)
        if self.is_hot:
            return Overheated("the printer's head is too hot", has_begun=has_begun)
        return PaperOut("the paper ran out", has_begun=has_begun) if self.is_out else None
