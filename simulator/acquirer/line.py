"""The in-process twin of the line: the Line port on the loop's own (possibly virtual) clock, no threads, no sockets.

Law: the bank has a request as soon as `send` returned; only what is heard of it may be late or lost.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from simulator.acquirer.channel import Channel
from simulator.acquirer.faults import Faults, Heard, LineState, pass_on
from simulator.acquirer.host import Host
from terminal.ports import LinkDown, LinkLost

ADDRESS = "bank.test:1"


class SimulatedConnection:
    """A Connection port. What is heard comes in its time, whether it is waited for or not."""

    def __init__(self, address: str, host: Host, faults: Faults, sent: list[bytes]) -> None:
        self.address = address
        self._host, self._faults, self._sent = host, faults, sent
        self._channel, self._is_broken = Channel(), False
        self._arrived: asyncio.Queue[bytes | LinkLost] = asyncio.Queue()
        self._coming: set[asyncio.Task[None]] = set()

    async def send(self, frame: bytes) -> None:
        if self._is_broken:
            raise LinkLost("nothing was sent: the line broke before")
        self._sent.append(frame)
        for heard in self._channel.due(pass_on(self._host, self._faults, frame)):
            if heard.delay:
                task = asyncio.create_task(self._come(heard))
                self._coming.add(task)
                task.add_done_callback(self._coming.discard)
            else:
                await self._come(heard)

    async def receive(self) -> bytes:
        arrived = await self._arrived.get()
        if isinstance(arrived, LinkLost):
            raise arrived
        return arrived

    def hang_up(self) -> None:
        """What has not come yet never will."""
        for task in self._coming:
            task.cancel()

    async def _come(self, heard: Heard) -> None:
        try:
            frame = await heard.wait()
            if self._faults.state is LineState.DOWN:
                raise LinkLost("the line broke before the answer")
        except LinkLost as lost:
            self._is_broken = True
            self._arrived.put_nowait(lost)
        else:
            self._arrived.put_nowait(frame)
            if heard.cut is not None:  # it came whole, and then the line broke
                self._is_broken = True
                self._arrived.put_nowait(LinkLost("the line broke after the answer"))


class SimulatedLine:
    """The Line port. `sent` keeps every frame that left the terminal."""

    def __init__(self, host: Host, faults: Faults, address: str = ADDRESS) -> None:
        self._host, self._faults, self._address = host, faults, address
        self.sent: list[bytes] = []

    @contextlib.asynccontextmanager
    async def connect(self, address: str = "") -> AsyncIterator[SimulatedConnection]:
        """Raises LinkDown when the line is down, or leads to another address."""
        if address not in ("", self._address):
            raise LinkDown(f"the acquirer's address {address} is no longer configured")
        if self._faults.state is LineState.DOWN:
            raise LinkDown("no connection to the acquirer: the line is down")
        connection = SimulatedConnection(self._address, self._host, self._faults, self.sent)
        try:
            yield connection
        finally:
            connection.hang_up()
