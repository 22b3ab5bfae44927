"""A virtual card in a virtual PC/SC reader (vsmartcard's vpcd). Law: 2-byte length frames, one write an answer.

Inserting is connecting, pulling is closing. TCP_QUICKACK is set around every read: without it each command waits
44 ms for a delayed acknowledgement (emv.md 3).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

from simulator.cards.chip import Chip, WasPulled, WentMute, seconds_taken

LOCALHOST = "127.0.0.1"
LENGTH_SIZE = 2
CONTROL_SIZE = 1  # a frame of one byte is a control, anything longer a command
POWER_OFF, POWER_ON, RESET, ATR = 0, 1, 2, 4


class VpcdCard:
    """A chip and the slot it goes into: the port of a vpcd reader."""

    def __init__(self, chip: Chip, port: int) -> None:
        self._chip, self._port = chip, port
        self._serving: asyncio.Task[None] | None = None

    async def insert(self) -> None:
        """Put the card into the slot. Raises OSError when no reader listens there."""
        await self.pull()
        slot = socket.socket()
        slot.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(slot, (LOCALHOST, self._port))
            slot.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            slot.close()
            raise
        self._serving = asyncio.create_task(self._serve(slot))

    async def pull(self) -> None:
        """Take the card out, also in the middle of a command."""
        if self._serving is not None:
            self._serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._serving
            self._serving = None

    async def _serve(self, slot: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with slot, contextlib.suppress(EOFError, ConnectionError, WasPulled):
            while True:
                length = int.from_bytes(await _receive(slot, LENGTH_SIZE))
                answer = await self._answer(await _receive(slot, length))
                if answer:
                    await loop.sock_sendall(slot, len(answer).to_bytes(LENGTH_SIZE) + answer)

    async def _answer(self, frame: bytes) -> bytes:
        """Empty when the protocol has no answer to it."""
        if len(frame) > CONTROL_SIZE:
            try:
                answer = self._chip.respond(frame)
                if seconds := seconds_taken(self._chip):
                    await asyncio.sleep(seconds)
                return answer
            except WentMute:
                await asyncio.Event().wait()
        if frame == bytes((ATR,)):
            return self._chip.atr
        if frame in (bytes((POWER_ON,)), bytes((RESET,))):
            self._chip.reset()
        return b""


async def _receive(slot: socket.socket, length: int) -> bytes:
    loop, received = asyncio.get_running_loop(), b""
    while len(received) < length:
        slot.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        part = await loop.sock_recv(slot, length - len(received))
        slot.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if not part:
            raise EOFError
        received += part
    return received
