"""A thread of our own for calls that may never return. Law: whoever waits can leave; the thread cleans up after.

The loop's executor will not do: its threads are few, and a stuck one keeps the program from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class OwnThread:
    """A daemon thread that carries out calls one by one. A call that is cancelled is the last one."""

    def __init__(self, on_end: Callable[[], None] = lambda: None) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._on_end = on_end
        self.is_ending = self.is_given_up = False
        threading.Thread(target=self._run, name="own", daemon=True).start()

    async def call(self, function: Callable[[], T]) -> T:
        """Run it in the thread. Cancelling gives the thread up."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._calls.put(lambda: self._answer(future, function))
        try:
            return await future
        except asyncio.CancelledError:
            self.is_given_up = True
            self.end()
            raise

    def end(self) -> None:
        """Let it undo its work and stop, now or when the stuck call returns."""
        if not self.is_ending:
            self.is_ending = True
            self._calls.put(None)

    async def end_now(self) -> None:
        """As end(), and wait for it."""
        self.end()
        await asyncio.shield(self._ended)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
        self._answer(self._ended, self._on_end)

    def _answer(self, future: asyncio.Future[T], function: Callable[[], T]) -> None:
        """Carry out one call and hand what came of it to the loop."""
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - it is raised again where the call was made
            self._post(future, future.set_exception, error)
        else:
            self._post(future, future.set_result, result)

    def _post(self, future: asyncio.Future[T], settle: Callable[[Any], None], outcome: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(lambda: None if future.done() else settle(outcome))


async def apart(function: Callable[[], T]) -> T:
    """One call in a thread of its own."""
    thread = OwnThread()
    try:
        return await thread.call(function)
    finally:
        thread.end()
