"""Secret keypads of a machine without one: TEST ONLY. Law: as the real one, a key counts while the keypad is held.

| class              | its keys come from                                                          |
|--------------------|-----------------------------------------------------------------------------|
| QueueSecretKeypad  | `press`, in the same process                                                |
| SocketSecretKeypad | a Unix socket that is there while it is held; `KeyWire.press` is its other end |

On the socket a line is a key's name, and each is answered: "taken", or "no such key".
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO

from terminal.events import KEYS, KeyPressed
from terminal.ports import Keypad, PinpadLost

HOLD_SECONDS = 1.0
TRY_AFTER = 0.01
Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]
TAKEN, NO_SUCH_KEY = b"taken\n", b"no such key\n"


class _Queued:
    """The keys of one entry."""

    def __init__(self) -> None:
        self.keys: asyncio.Queue[str] = asyncio.Queue()

    async def pressed(self) -> KeyPressed:
        return KeyPressed(await self.keys.get())


class QueueSecretKeypad:
    """SecretKeypad: keys that are pressed in this process."""

    def __init__(self, seconds: float = HOLD_SECONDS) -> None:
        self._seconds, self._held = seconds, asyncio.Lock()
        self._entry: _Queued | None = None

    def press(self, key: str) -> bool:
        """False: it is not held, and the key is forgotten."""
        if self._entry is None:
            return False
        self._entry.keys.put_nowait(key)
        return True

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[Keypad]:
        """Entering raises PinpadLost (SecretKeypad port)."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._held.acquire()
        except TimeoutError:
            raise PinpadLost("somebody else holds the keypad on") from None
        self._entry = entry = _Queued()
        try:
            yield entry
        finally:
            self._entry = None
            self._held.release()


class SocketSecretKeypad:
    """SecretKeypad: keys that another process presses. The socket has mode 0600; beside it lies a lock."""

    def __init__(self, path: Path, seconds: float = HOLD_SECONDS) -> None:
        self._path, self._seconds = path, seconds

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[Keypad]:
        """Entering raises PinpadLost (SecretKeypad port)."""
        entry, hearings = _Queued(), set[asyncio.Task[None]]()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            hearing = asyncio.ensure_future(_heard(entry, reader, writer))
            hearings.add(hearing)
            hearing.add_done_callback(hearings.discard)

        async with self._locked():
            server = await self._listening(connected)
            try:
                yield entry
            finally:
                server.close()
                self._path.unlink(missing_ok=True)
                for hearing in hearings:
                    hearing.cancel()
                await asyncio.gather(*hearings, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """As EVIOCGRAB: one process at a time, and the end of a process is the end of it. Raises PinpadLost."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds
        with self._lock_file() as lock:
            while not _is_locked(lock):
                if loop.time() >= deadline:
                    raise PinpadLost("somebody else holds the keypad on")
                await asyncio.sleep(TRY_AFTER)
            yield

    def _lock_file(self) -> IO[str]:
        """Raises PinpadLost."""
        try:
            return self._path.with_suffix(".held").open("w")
        except OSError as reason:
            raise PinpadLost(f"{self._path}: {reason.strerror}") from None

    async def _listening(self, connected: Connected) -> asyncio.Server:
        """Raises PinpadLost."""
        mask = os.umask(0o177)
        try:
            return await asyncio.start_unix_server(connected, path=str(self._path))
        except OSError as reason:
            raise PinpadLost(f"{self._path}: {reason.strerror}") from None
        finally:
            os.umask(mask)


def _is_locked(lock: IO[str]) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


async def _heard(entry: _Queued, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Every line of one connection, until it ends."""
    try:
        with contextlib.suppress(OSError, ValueError):
            async for line in reader:
                key = line.decode(errors="replace").strip()
                if key in KEYS:
                    entry.keys.put_nowait(key)
                writer.write(TAKEN if key in KEYS else NO_SUCH_KEY)
    finally:
        writer.close()


class KeyWire:
    """The hand on a SocketSecretKeypad, in another process. Keys arrive in the order they were pressed."""

    def __init__(self, path: Path) -> None:
        self._path, self._order = path, asyncio.Lock()

    async def press(self, key: str) -> bool:
        """False: the keypad is not held, or has no such key; then the key is forgotten."""
        async with self._order:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_unix_connection(str(self._path))
                try:
                    writer.write(f"{key}\n".encode())
                    return await reader.readline() == TAKEN
                finally:
                    writer.close()
            return False
