"""The in-process twin of the line: the Line port on the loop's own (possibly virtual) clock, no threads, no sockets.

Law: the bank has a request as soon as `send` returned; only what is heard of it may be late or lost.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from simulator.acquirer.faults import Faults, Heard, LineState, pass_on
from simulator.acquirer.host import Host
from terminal.ports import LinkDown, LinkLost


class SimulatedConnection:
    """A Connection port; answers come in the order of the requests."""

    def __init__(self, host: Host, faults: Faults, sent: list[bytes]) -> None:
        self._host, self._faults, self._sent = host, faults, sent
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()

    async def send(self, frame: bytes) -> None:
        self._sent.append(frame)
        self._heard.put_nowait(pass_on(self._host, self._faults, frame))

    async def receive(self) -> bytes:
        heard = await self._heard.get()
        frame = await heard.wait()
        if self._faults.state is LineState.DOWN:
            raise LinkLost("the line broke before the answer")
        return frame


class SimulatedLine:
    """The Line port. `sent` keeps every frame that left the terminal."""

    def __init__(self, host: Host, faults: Faults) -> None:
        self._host, self._faults = host, faults
        self.sent: list[bytes] = []

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator[SimulatedConnection]:
        """Raises LinkDown when the line is down."""
        if self._faults.state is LineState.DOWN:
            raise LinkDown("no connection to the acquirer: the line is down")
        yield SimulatedConnection(self._host, self._faults, self.sent)
