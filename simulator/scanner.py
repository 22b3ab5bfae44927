"""A scanner of a machine without one. Law: it reports what the real one would report, and keeps what it would keep."""

from __future__ import annotations

import asyncio

from drivers.scanner import reported
from terminal.events import CodeScanned


class SimulatedScanner:
    """A Scanner port; `scan` is the hand that holds a code before it."""

    def __init__(self) -> None:
        self._codes: asyncio.Queue[CodeScanned] = asyncio.Queue()

    def scan(self, text: str) -> bool:
        """False: the scanner keeps it to itself."""
        code = reported(text)
        if code is not None:
            self._codes.put_nowait(code)
        return code is not None

    async def scanned(self) -> CodeScanned:
        """The next code."""
        return await self._codes.get()
