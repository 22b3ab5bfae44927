"""The bank's one thread of work. Law: the books are touched here and nowhere else; what waited together is one commit.

While the thread is at work, requests gather; when it is done, all of them are answered at once, in the order in which
they came. So a synced write is paid once for as many terminals as are in a hurry.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TypeVar

from simulator.acquirer.faults import Passage
from simulator.acquirer.host import Host

T = TypeVar("T")
Answers = list[bytes]


class Clerk:
    """Belongs to one running loop; ends with `close`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._thread = ThreadPoolExecutor(1, "bank")
        self._waiting: list[tuple[Passage, asyncio.Future[Answers]]] = []
        self._work: asyncio.Task[None] | None = None

    async def answers(self, passage: Passage) -> Answers:
        """The bank's answers to what arrives of it, once they are on disk."""
        future: asyncio.Future[Answers] = asyncio.get_running_loop().create_future()
        self._waiting.append((passage, future))
        if self._work is None:
            self._work = asyncio.create_task(self._until_nobody_waits())
        return await future

    def do(self, work: Callable[[], T]) -> T:
        """Something short on the bank's thread, after what it is at; the caller waits."""
        return self._thread.submit(work).result()

    async def close(self) -> None:
        """What was begun is finished; who still waits gets nothing."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        self._thread.shutdown()

    async def _until_nobody_waits(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                told = await loop.run_in_executor(self._thread, self._told, [passage for passage, _ in batch])
                for (_, future), answers in zip(batch, told, strict=True):
                    if future.done():
                        continue
                    if isinstance(answers, Exception):
                        future.set_exception(answers)
                    else:
                        future.set_result(answers)
        finally:
            self._work = None

    def _told(self, passages: list[Passage]) -> list[Answers | Exception]:
        told: list[Answers | Exception] = []
        for is_plain, group in groupby(passages, key=lambda passage: passage.is_plain):
            together = list(group)
            told += self._together(together) if is_plain else map(self._alone, together)
        return told

    def _together(self, passages: list[Passage]) -> list[Answers | Exception]:
        if len(passages) > 1:
            # one that cannot be answered takes back the commit of all: then each is asked by itself
            with contextlib.suppress(Exception):
                return [[answer] for answer in self._host.answer_all([passage.frame for passage in passages])]
        return list(map(self._alone, passages))

    def _alone(self, passage: Passage) -> Answers | Exception:
        try:
            return passage.asked(self._host)
        except Exception as error:  # noqa: BLE001 - it belongs to who asked
            return error
