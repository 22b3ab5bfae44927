"""An event loop whose clock jumps: a test waits an hour in a millisecond. Law: no thread, no socket may be waited for.

When nothing is ready, the loop's time is moved to the next timer instead of sleeping.
"""

from __future__ import annotations

import asyncio
import itertools
import selectors
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")
_boots = itertools.count(1)
START = datetime.fromisoformat("2026-11-23T10:00:00+08:00")


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everything waits and no timer runs: the test would hang for ever")
        self.now += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on virtual time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


class VirtualClock:
    """The Clock port on a virtual loop's time. Each is another start of the device, unless `boot` says not."""

    def __init__(self, start: datetime = START) -> None:
        self.start, self.offset = start, timedelta()
        self.boot, self.since = f"boot {next(_boots)}", 0.0

    def now(self) -> datetime:
        return self.start + self.offset + timedelta(seconds=asyncio.get_running_loop().time())

    def adopt(self, now: datetime) -> None:
        self.offset += now - self.now()

    def uptime(self) -> tuple[str, float]:
        return self.boot, self.since + asyncio.get_running_loop().time()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end on virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


async def inline(work: Callable[[], object]) -> object:
    """The journal's worker thread, without the thread."""
    return work()
