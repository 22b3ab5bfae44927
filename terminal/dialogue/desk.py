"""The vocabulary of questions. Law: one question a screen; every wait ends by a key, an event or a deadline.

`Cancelled` and `TimedOut` are raised here and caught in one place, the menu.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from terminal.dialogue.interruptions import Cancelled as Cancelled
from terminal.dialogue.interruptions import Scanned as Scanned
from terminal.dialogue.interruptions import TimedOut as TimedOut
from terminal.events import DIGITS, CodeScanned, Event, FrontAttached, KeyPressed, StrokeDrawn
from terminal.money import Money
from terminal.ports import Front
from terminal.screens import (
    Ask,
    Item,
    Manner,
    Menu,
    Notice,
    Progress,
    Row,
    Say,
    Screen,
    Sheet,
    Shown,
    SignPad,
    Status,
    Tone,
    say,
)

T = TypeVar("T")
Aside = Callable[[], Awaitable[None]]
Help = Callable[[str], Awaitable[None]]
Scene = Screen | Callable[[Status], Screen]  # a screen, or how it follows from the status bar
PROMPT_SECONDS, RESULT_SECONDS = 60.0, 10.0  # refund.md 3
PAGE_ITEMS, SHEET_ROWS = 9, 8
MAX_AMOUNT_DIGITS = 10
MOST_POINTS = 20_000  # minutes of drawing: a screen must stay within a frame (front_link.MAX_FRAME)
MAX_DIGITS = 32  # more than anything that is typed here
STRANGERS_KEYS = frozenset({*DIGITS, "00", "enter", "clear", "cancel"})  # a code, a PIN, the pad (refund.md 2, 11)
PATIENCE = 10  # seconds until it is said what to do (refund.md 4)


class Desk:
    """One per terminal: whoever wants to ask, asks here."""

    def __init__(self, front: Front, language: str = "zh_CN") -> None:
        self._front, self._serial = front, 0
        self._scene: Scene = _BLANK
        self.status, self.language, self.has_glass = Status(), language, False
        self.manner = Manner()
        self._step = (0, 0)  # of how many
        self.is_shut = False  # somebody else may have it in his hands: STRANGERS_KEYS and the pad are heard, no more
        self.help: Help | None = None  # what the key 功能 opens, wherever it is pressed
        self._is_helping = self._hears_codes = False

    # --- showing -------------------------------------------------------------------------------------------------
    def show(self, scene: Scene) -> None:
        """Show a screen; one that follows from the status is drawn anew whenever that changes."""
        self._scene = scene
        self._serial += 1
        screen = scene(self.status) if callable(scene) else scene
        self._front.show(Shown(screen, self.status, self.language, self._serial, *self._step, self.manner))

    @contextlib.contextmanager
    def steps(self, many: int) -> Iterator[None]:
        """Within it the title bar says how far one has come: `at_step` says so."""
        before, self._step = self._step, (0, many)
        try:
            yield
        finally:
            self._step = before

    def at_step(self, step: int) -> None:
        """The next screens belong to this step, from 1; -1 is the last one. Nothing where nobody counts."""
        many = self._step[1]
        self._step = (step % (many + 1) if many else 0, many)

    def set_status(self, **changes: object) -> None:
        """Change the status bar, and show it if it did change."""
        status = msgspec.structs.replace(self.status, **changes)
        if status != self.status:
            self.status = status
            self.show(self._scene)

    # --- waiting -------------------------------------------------------------------------------------------------
    async def event(self, deadline: float = PROMPT_SECONDS) -> Event:
        """The next event. Raises TimedOut; Cancelled for the cancel key; Scanned where codes are heard."""
        try:
            async with asyncio.timeout(deadline):
                event = await self._heard()
        except TimeoutError:
            raise TimedOut from None
        if event == KeyPressed("cancel"):
            raise Cancelled
        if isinstance(event, CodeScanned) and self._hears_codes and not self._is_helping:
            raise Scanned(event.text)
        return event

    @contextlib.contextmanager
    def hearing_codes(self) -> Iterator[None]:
        """Within it a scan is an answer to whatever is asked: it raises Scanned, as the cancel key raises Cancelled."""
        before, self._hears_codes = self._hears_codes, True
        try:
            yield
        finally:
            self._hears_codes = before

    async def _heard(self) -> Event:
        """What comes from the front; while the desk is shut, only what a stranger may do."""
        while True:
            event = await self._front.event()
            if isinstance(event, FrontAttached):
                self.has_glass = event.has_glass
            is_strange = isinstance(event, CodeScanned) or getattr(event, "key", "0") not in STRANGERS_KEYS
            if not (self.is_shut and is_strange):
                return event

    async def forget_keys(self) -> None:
        """What was pressed and not heard yet is no answer to what is asked next. Raises Cancelled for a cancel key."""
        with contextlib.suppress(TimedOut):
            while True:
                await self.event(0)

    async def key(self, scene: Scene, deadline: float = PROMPT_SECONDS, topic: str = "", has_func: bool = False) -> str:
        """Show, and wait for a key. 功能 opens the help on `topic` (a name of bad news, or "") unless `has_func`."""
        self.show(scene)
        while True:
            event = await self.event(deadline)
            if not isinstance(event, KeyPressed):
                continue
            if event.key != "func" or has_func or self.help is None or self._is_helping:
                return event.key
            await self._helped(self.help, topic)
            self.show(scene)

    async def _helped(self, help: Help, topic: str) -> None:
        """Back to the same question afterwards, whatever was read and however it was left."""
        self._is_helping = True
        try:
            with contextlib.suppress(Cancelled, TimedOut):
                await help(topic)
        finally:
            self._is_helping = False

    # --- questions -----------------------------------------------------------------------------------------------
    async def choose(
        self, title: Say, choices: Sequence[tuple[T, Item]], *lines: Say, deadline: float = PROMPT_SECONDS
    ) -> T:
        """One of `choices`, nine a page; a digit acts at once, up and down turn pages."""
        page, pages = 0, max(1, -(-len(choices) // PAGE_ITEMS))
        while True:
            here = choices[page * PAGE_ITEMS : (page + 1) * PAGE_ITEMS]
            menu = Menu(title, tuple(item for _, item in here), lines, page + 1, pages)
            key = await self.key(menu, deadline)
            if key in DIGITS and 1 <= int(key) <= len(here):
                return here[int(key) - 1][0]
            page = max(0, min(pages - 1, page + {"down": 1, "up": -1}.get(key, 0)))

    async def digits(
        self,
        title: Say,
        prompt: Say,
        size: tuple[int, int],
        *lines: Say,
        is_secret: bool = False,
        rows: Sequence[Row] = (),
        typed: str = "",
        shows_last: int = MAX_DIGITS,
    ) -> str:
        """Between size[0] and size[1] digits, `typed` first; all but the last `shows_last` are stars on the screen.

        A secret shows none, and never leaves otherwise.
        """
        shows_last = 0 if is_secret else shows_last
        while True:
            hidden = max(0, len(typed) - shows_last)
            shown = "*" * hidden + typed[hidden:]
            key = await self.key(Ask(title, prompt, shown, rows=tuple(rows), lines=lines))
            if key == "enter" and len(typed) >= size[0]:
                return typed
            typed = _edited(typed, key, size[1])

    async def amount(self, title: Say, prompt: Say, rows: Sequence[Row] = (), *lines: Say) -> Money:
        """Digits from the right; what it may be is the caller's business."""
        typed = ""
        while True:
            money = Money(int(typed or "0"))
            words = (say("desk.in_words", words=money.in_words()),) if self.language == "zh_CN" and money.minor else ()
            key = await self.key(Ask(title, prompt, str(money), "¥", tuple(rows), (*lines, *words)))
            if key == "enter":
                return money
            typed = _edited(typed, key, MAX_AMOUNT_DIGITS).lstrip("0")

    async def agree(self, sheet: Sheet, deadline: float = PROMPT_SECONDS, aside: Aside | None = None) -> None:
        """Confirm goes on; up and down turn pages of a long sheet; 功能 shows `aside` first. Raises Cancelled."""
        pages = [sheet.rows[start : start + SHEET_ROWS] for start in range(0, len(sheet.rows), SHEET_ROWS)] or [()]
        page = 0
        while True:
            part = msgspec.structs.replace(sheet, rows=tuple(pages[page]), page=page + 1, pages=len(pages))
            key = await self.key(part, deadline, has_func=aside is not None)
            if key == "enter":
                return
            if key == "func" and aside is not None:
                await aside()
            page = max(0, min(len(pages) - 1, page + {"down": 1, "up": -1}.get(key, 0)))

    async def tell(self, notice: Notice, deadline: float = RESULT_SECONDS, topic: str = "") -> str:
        """Until a key or the deadline; the key ("cancel" too), or ""."""
        try:
            return await self.key(notice, deadline, topic or notice.topic)
        except Cancelled:
            return "cancel"
        except TimedOut:
            return ""

    async def read(self, sheet: Sheet, deadline: float = PROMPT_SECONDS) -> None:
        """Pages to read and nothing to decide: until confirm, cancel or the deadline."""
        with contextlib.suppress(Cancelled, TimedOut):
            await self.agree(sheet, deadline)

    async def sign(self, title: Say, amount: Money, feature_code: str) -> tuple[tuple[tuple[int, int], ...], ...]:
        """Strokes on the pad; () when the cardholder confirms an empty pad or leaves it: he signs on paper then.

        Ink that is not confirmed is no signature, and only drawing and clearing keep the pad: PROMPT_SECONDS after the
        last of them it is left, whatever else comes (a stuck key, a scan, a front that attaches anew).
        """
        strokes: tuple[tuple[tuple[int, int], ...], ...] = ()
        clock = asyncio.get_running_loop()
        until = clock.time() + PROMPT_SECONDS
        with contextlib.suppress(Cancelled, TimedOut):
            while True:
                self.show(SignPad(title, f"¥{amount}", feature_code, strokes))
                event = await self.event(until - clock.time())
                before = strokes
                if isinstance(event, StrokeDrawn):
                    drawn = sum(map(len, strokes)) + len(strokes) + len(event.points)
                    strokes = (*strokes, event.points) if drawn <= MOST_POINTS else strokes
                elif event == KeyPressed("clear"):
                    strokes = ()
                elif event == KeyPressed("enter"):
                    return strokes
                if strokes != before:
                    until = clock.time() + PROMPT_SECONDS
        return ()

    # --- working -------------------------------------------------------------------------------------------------
    async def work(self, title: Say, work: Awaitable[T], stage: Callable[[], Say], rows: Sequence[Row] = ()) -> T:
        """Await `work` to its end, whatever is pressed, with the honest stage and its seconds on the screen."""
        task, deaf = asyncio.ensure_future(work), asyncio.ensure_future(self._pass_over_keys())
        now, seconds = stage(), 0
        try:
            while True:
                lines = (say("desk.patience"),) if seconds >= PATIENCE else ()
                self.show(Progress(title, now, seconds, tuple(rows), lines))
                done, _ = await asyncio.wait({task}, timeout=1.0)
                if done:
                    return task.result()
                now, seconds = (now, seconds + 1) if stage() == now else (stage(), 0)
        finally:
            deaf.cancel()
            if not task.done():
                task.cancel()

    async def elsewhere(self, work: Awaitable[T]) -> T:
        """Await `work`, in which somebody types where this terminal does not hear: no key here is an answer."""
        deaf = asyncio.ensure_future(self._pass_over_keys())
        try:
            return await work
        finally:
            deaf.cancel()

    async def _pass_over_keys(self) -> None:
        """A key pressed in impatience must not answer the next question."""
        while True:
            with contextlib.suppress(Cancelled, TimedOut, Scanned):
                await self.event()


def _edited(typed: str, key: str, limit: int) -> str:
    if key == "clear":
        return typed[:-1]
    if key in (*DIGITS, "00"):
        return (typed + key)[:limit]
    return typed


_BLANK = Notice(say("desk.product"), Tone.PLAIN, say("desk.starting"), hint=say("hint.wait"))
