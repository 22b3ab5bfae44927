"""Waiting for a card, whichever way it comes. Law: a reader that is missing leaves the others, and may come back.

The prompt shows the ways that are open now. Only when none is left the wait ends with ReaderMissing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from terminal.dialogue.desk import PROMPT_SECONDS, TimedOut
from terminal.dialogue.room import Room
from terminal.events import DIGITS, KeyPressed
from terminal.ports import CardReader, ReaderMissing
from terminal.screens import CardPrompt, Row, Say, say
from terminal.swipe import Swipe

READER_DEADLINE = 3.0  # seconds for the reader to say whether a card is in
LOOK_AGAIN, SETTLED = 1.0, 0.2  # seconds between two looks for a missing reader; one that waits so long is back
Begin = Callable[[], Awaitable[object]]


class Ways(msgspec.Struct, frozen=True):
    """Which ways besides chip and stripe are open."""

    has_tap: bool = False
    has_keys: bool = False
    aid: bytes = b""  # of the sale: what a tap prefers where a card has several


async def empty_slot(room: Room, title: Say, ways: Ways) -> None:
    """The last customer's card first, in the slot or on the tap reader. A reader that is missing holds none."""
    for reader in _readers(room, ways).values():
        if await _is_occupied(reader):
            room.desk.show(CardPrompt(title, ("remove",), lines=(say("card.empty_first"),)))
            await _first(room, {"gone": _until_gone(reader)}, has_keys=False)


async def awaited(room: Room, title: Say, rows: Sequence[Row], ways: Ways) -> str | Swipe:
    """ "insert", "tap", a digit that was pressed, or a swipe. Raises Cancelled, TimedOut, ReaderMissing."""
    prompt = _Prompt(room, title, rows, ways)
    prompt.show()
    way, came = await _first(room, {name: prompt.watch(name) for name in prompt.begin}, ways.has_keys)
    return came if isinstance(came, Swipe | str) else way


class _Prompt:
    """The card prompt and the readers behind it."""

    def __init__(self, room: Room, title: Say, rows: Sequence[Row], ways: Ways) -> None:
        self._room, self._title, self._rows, self._ways = room, title, tuple(rows), ways
        readers, stripe = _readers(room, ways), room.hardware.stripe
        self.begin: dict[str, Begin] = {"insert": lambda: readers["insert"].wait(True)}
        if stripe is not None:
            self.begin["swipe"] = stripe.swiped
        if "tap" in readers:
            self.begin["tap"] = lambda: readers["tap"].wait(True)
        self._missing: set[str] = set()

    def show(self) -> None:
        """The ways that are open now."""
        open_ways = tuple(name for name in self.begin if name not in self._missing)
        lines = (say("card.or_keys"),) if self._ways.has_keys else ()
        if self._missing:
            lines = (*lines, say("card.reader_lost"))
        prompt = CardPrompt(self._title, open_ways, self._rows, lines, has_keys=self._ways.has_keys)
        self._room.desk.show(prompt)

    async def watch(self, name: str) -> object:
        """What comes by this way, however often its reader goes and comes. Raises ReaderMissing with the last one."""
        while True:
            attempt = asyncio.ensure_future(self.begin[name]())
            try:
                if name in self._missing and not (await asyncio.wait({attempt}, timeout=SETTLED))[0]:
                    self._missing.discard(name)
                    self.show()
                return await attempt
            except ReaderMissing:
                if name not in self._missing:
                    self._missing.add(name)
                    if len(self._missing) == len(self.begin) and not self._ways.has_keys:
                        raise
                    self.show()
                await asyncio.sleep(LOOK_AGAIN)
            finally:
                attempt.cancel()


def _readers(room: Room, ways: Ways) -> dict[str, CardReader]:
    readers = {"insert": room.hardware.card_reader}
    if ways.has_tap and room.hardware.tap is not None:
        readers["tap"] = room.hardware.tap
    return readers


async def _is_occupied(reader: CardReader) -> bool:
    try:
        async with asyncio.timeout(READER_DEADLINE):
            return await reader.is_card_present()
    except (ReaderMissing, TimeoutError):  # the wait that follows says so
        return False


async def _until_gone(reader: CardReader) -> None:
    try:
        await reader.wait(False)
    except ReaderMissing:
        return


async def _first(room: Room, waiting: dict[str, Awaitable[object]], has_keys: bool) -> tuple[str, object]:
    """The first that comes, by its name. Raises Cancelled, TimedOut, and what a way raises."""
    tasks = {asyncio.ensure_future(way): name for name, way in waiting.items()}
    keys = asyncio.ensure_future(_pressed(room, has_keys))
    try:
        async with asyncio.timeout(PROMPT_SECONDS):
            done, _ = await asyncio.wait({keys, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            first = next(task for task in (*tasks, keys) if task in done)
            return tasks.get(first, "keys"), first.result()
    except TimeoutError:
        raise TimedOut from None
    finally:
        for task in (keys, *tasks):
            task.cancel()


async def _pressed(room: Room, has_keys: bool) -> str:
    """The first digit, where digits open a way. Raises Cancelled."""
    while True:
        event = await room.desk.event(PROMPT_SECONDS)
        if has_keys and isinstance(event, KeyPressed) and event.key in DIGITS:
            return event.key
