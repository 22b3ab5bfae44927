"""Lists and sheets of any length, a page at a time. Law: only what is on the page is read; one comes back to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from terminal.dialogue import bad_news
from terminal.dialogue.bad_news import Stopped
from terminal.dialogue.desk import PAGE_ITEMS, Cancelled
from terminal.dialogue.room import Room
from terminal.events import DIGITS
from terminal.screens import Item, Menu, Row, Say, Sheet, say

T = TypeVar("T")
Fetch = Callable[[T | None], Awaitable[list[tuple[T, Item]]]]  # the page behind this one; None: the first

ON = say("hint.any")
ROWS = 6  # on a sheet whose values may take two lines


async def browse(
    room: Room,
    title: Say,
    count: int,
    fetch: Fetch[T],
    look: Callable[[T], Awaitable[None]],
    per_page: int = PAGE_ITEMS,
) -> None:
    """Until cancel, which raises Cancelled: a digit looks at one, cancel there comes back. Raises Stopped for none."""
    if not count:
        raise Stopped("nothing-found")
    behind: list[T | None] = [None]
    while True:
        here = await fetch(behind[-1])
        pages = max(len(behind), -(-count // per_page))
        key = await room.desk.key(Menu(title, tuple(item for _, item in here), (), len(behind), pages))
        if key in DIGITS and 1 <= int(key) <= len(here):
            await come_back(room, title, look(here[int(key) - 1][0]))
        elif key == "down" and len(behind) < pages and here:
            behind.append(here[-1][0])
        elif key == "up" and len(behind) > 1:
            behind.pop()


def listed(choices: list[tuple[T, Item]]) -> Fetch[T]:
    """For a list that is short enough to be there already."""

    async def fetch(after: T | None) -> list[tuple[T, Item]]:
        start = 0 if after is None else next(at for at, (one, _) in enumerate(choices, 1) if one is after)
        return choices[start : start + PAGE_ITEMS]

    return fetch


async def come_back(room: Room, title: Say, look: Awaitable[None]) -> None:
    """Cancel in a part is the way back from it; what stops it is said, and one is back too."""
    try:
        await look
    except Cancelled:
        return
    except Stopped as stop:
        await bad_news.tell(room.desk, room.journal, stop.name, title, **stop.args_)


async def read(room: Room, title: Say, rows: Sequence[Row], *lines: Say, hint: Say = ON) -> None:
    """Up and down turn pages, the first has the lines; confirm goes on. Raises Cancelled, TimedOut."""
    first = ROWS - len(lines)
    pages = [rows[:first], *(rows[start : start + ROWS] for start in range(first, len(rows), ROWS))]
    page = 0
    while True:
        above = lines if page == 0 else ()
        key = await room.desk.key(Sheet(title, tuple(pages[page]), above, page + 1, len(pages), hint))
        if key == "enter":
            return
        page = max(0, min(len(pages) - 1, page + {"down": 1, "up": -1}.get(key, 0)))
