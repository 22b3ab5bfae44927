"""A front at work: it shows what the core says and reports what hands do. Law: it knows nothing of the business.

| comes from        | goes to                                                                            |
|-------------------|------------------------------------------------------------------------------------|
| a Shown           | the painter, then the Display port; what it means sounds, and is read aloud on wish |
| a PinPad          | first keypad and touch panel are let go: they are the vault's until another screen  |
| a face            | the cells of the vault's pad on glass; it says when they can be seen               |
| a key             | the page, where it is longer than the glass; else the core                          |
| a finger          | a drawn key, lit while it is down, or a stroke of the signature                     |
| a scanned code    | the core, as it is; nothing while the hands are the vault's                         |
| a dark glass      | the first key or touch makes it light, and is nothing else                          |
| the core is away  | a waiting page; keys are dropped, never kept for a later page                       |

It begins without keypad and touch panel: until the first screen is there, a PIN may be under way.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from terminal.events import Event, FrontAttached, KeyPressed
from terminal.front_link import CoreLink
from terminal.pad_link import Face
from terminal.ports import Display
from terminal.screens import Manner, PinPad, Progress, Say, Shown
from ui.light import DARK, FULL
from ui.painter import Painter
from ui.senses import Senses
from ui.sound import clicks, tones
from ui.viewer import Viewer

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds between attempts to reach the core, or the vault
SLIDES = (16, 6)  # per cent of the width that a new page still stands aside, one frame after the other
ASKED = ("prompt", "headline", "items", "rows", "page")  # of a screen: what a key would answer
FRAME = 0.04  # seconds; with the last frame, at rest, 80 ms
POWER = "power"  # the front's own key: no light, and light again

Drawn = Callable[[Face], None]


class Hand(Protocol):
    """A keypad or a touch panel that the vault can have."""

    def let_go(self) -> None: ...

    def take(self) -> None: ...


class Front:
    """One front: a painter, a display, the hands on it, and what is heard."""

    def __init__(
        self,
        me: FrontAttached,
        display: Display,
        painter: Painter,
        hands: Iterable[Hand] = (),
        language: str = "zh_CN",
        senses: Senses | None = None,
    ) -> None:
        self._me, self._display, self._painter, self._language = me, display, painter, language
        self._hands, self._senses = tuple(hands), senses or Senses()
        self._link: CoreLink | None = None
        self._shown: Shown | None = None
        self._viewer = Viewer(painter)
        self._seen: tuple[object, ...] = ()
        self._path: list[tuple[int, int]] = []
        self._pressed, self._ignores = "", False
        self._sliding: asyncio.Task[None] | None = None
        self._level = FULL
        self._face = Face()
        self._tell_drawn: Drawn = _nobody
        for hand in self._hands:
            hand.let_go()

    async def follow(self, socket: Path) -> None:
        """Show what the core shows, for ever; while it is away, say so."""
        loop = asyncio.get_running_loop()
        pause, away_since = FIRST_PAUSE, loop.time()
        while True:
            with contextlib.suppress(OSError, msgspec.DecodeError):
                async with CoreLink.attach(socket, self._me) as link:
                    self._link = link
                    async for shown in link.screens():
                        self.show(shown)
                        pause, away_since = FIRST_PAUSE, 0.0
            self._link = None
            away_since = away_since or loop.time()
            self.show(self._away(int(loop.time() - away_since)))
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    # --- shown -------------------------------------------------------------------------------------------------------
    def show(self, shown: Shown) -> None:
        """Let go of the hands or take them, then paint and display, unless it is there already; then it sounds."""
        before, self._shown = self._shown, shown
        for hand in self._hands:
            if self._is_secret:
                hand.let_go()
            else:
                hand.take()
        if before is None or before.screen != shown.screen:
            self._wake()
        self._viewer.show(shown)
        is_other = _is_other_page(before, shown)
        if is_other or self._is_secret or _asks_another(before, shown):
            self._let_go_of_finger()
        self._refresh(slides=is_other and before is not None)
        self._sound(before, shown)

    def turn(self, face: Face, drawn: Drawn | None = None) -> None:
        """The vault's pad has this face from now on; `drawn` hears when it can be seen."""
        self._face, self._tell_drawn = face, drawn or _nobody
        self._refresh()

    def tend(self, seconds: float) -> None:
        """So much time has passed: a long page turns, the light goes down."""
        if self._shown is not None and self._viewer.pulse(seconds):
            self._refresh()
        self._shine()

    # --- hands -------------------------------------------------------------------------------------------------------
    def press(self, key: str) -> None:
        """A key of the keypad, by its name; POWER is the front's own."""
        is_dark = self._level == DARK
        if key == POWER and not is_dark and not self._is_secret:  # a PIN is not typed in the dark
            self._senses.light.turn_off()
            self._shine()
            return
        self._wake()
        if is_dark or self._is_secret:
            return
        self._click()
        if self._shown is not None and self._viewer.key(key):
            self._refresh()
        else:
            self.report(KeyPressed(key))

    def report(self, event: Event) -> None:
        """Tell the core; dropped while it is away, and while the hands are the vault's."""
        if self._link is not None and not self._is_secret:
            self._link.report(event)

    def point(self, x: int, y: int, is_down: bool, pressure: int | None = None) -> None:
        """One point of a finger. Its lifting makes a key or a stroke of what was drawn."""
        if self._is_passed_over(is_down) or self._shown is None or self._link is None or self._is_secret:
            self._path.clear()
            return
        if is_down:
            self._path.append((x, y))
            self._down(self._shown, pressure)
            return
        path, self._path = self._path, []
        if path:
            self._lifted(self._shown, path)

    def _is_passed_over(self, is_down: bool) -> bool:
        """Whether this point belongs to a touch that only made the glass light, or began on another page."""
        if self._level == DARK:
            self._wake()
            self._ignores = True
        is_ignored, self._ignores = self._ignores, self._ignores and is_down
        return is_ignored

    def _let_go_of_finger(self) -> None:
        """What is under a finger that is still down is another thing now: it counts when it is set down again."""
        is_let_go = self._is_secret and bool(self._hands)  # its lifting is the vault's: here nobody will be told
        self._ignores = (self._ignores or bool(self._path)) and not is_let_go
        self._pressed = ""
        self._path.clear()

    def _down(self, shown: Shown, pressure: int | None) -> None:
        """Ink under the finger, or the key under it lit."""
        self._wake()
        if self._painter.stroke(shown, self._path[:1]):
            self._stand_still()
            self._display_now(self._painter.trace(shown, self._path, pressure))
            self._seen = ()
            return
        view = self._viewer.view
        key = self._painter.hit(shown, *self._path[0], view=view) or ""
        if key != self._painter.hit(shown, *self._path[-1], view=view):
            key = ""  # the finger has left it
        if key != self._pressed:
            if key:
                self._click()
            self._pressed = key
            self._refresh()

    def _lifted(self, shown: Shown, path: list[tuple[int, int]]) -> None:
        key, self._pressed = self._pressed, ""
        if stroke := self._painter.stroke(shown, path):
            self.report(stroke)
        elif key:
            self._refresh()
            if self._viewer.key(key):
                self._refresh()
            else:
                self.report(KeyPressed(key))

    # --- pixels, light and sound -------------------------------------------------------------------------------------
    @property
    def _is_secret(self) -> bool:
        return self._shown is None or isinstance(self._shown.screen, PinPad)

    def _refresh(self, *, slides: bool = False) -> None:
        if self._shown is None:
            return
        labels = self._face.labels if self._is_secret else ()
        wanted = (self._shown, labels, self._viewer.view, self._pressed)
        if wanted != self._seen:
            self._stand_still()
            self._seen = wanted
            if slides and self._senses.slides and not self._shown.manner.is_still and not self._is_secret:
                self._sliding = asyncio.ensure_future(self._slide(labels))
            else:
                self._paint(labels)
        if labels:
            tell, self._tell_drawn = self._tell_drawn, _nobody
            tell(self._face)

    def _stand_still(self) -> None:
        if self._sliding is not None:
            self._sliding.cancel()
            self._sliding = None

    def _paint(self, labels: tuple[str, ...], slide: int = 0) -> None:
        assert self._shown is not None
        view, pressed = self._viewer.view, self._pressed
        self._display_now(self._painter.paint(self._shown, labels, view=view, pressed=pressed, slide=slide))

    async def _slide(self, labels: tuple[str, ...]) -> None:
        """From the side to its place; the words are there from the first frame on."""
        for share in SLIDES:
            self._paint(labels, self._painter.device.width * share // 100)
            await asyncio.sleep(FRAME)
        self._sliding = None
        self._paint(labels)

    def _display_now(self, surface: Any) -> None:
        self._display.show(surface.get_buffer().raw, surface.get_width(), surface.get_height())

    def _wake(self) -> None:
        self._senses.light.wake(self._senses.now())
        self._shine()

    def _shine(self) -> None:
        level = self._senses.light.level(self._senses.now(), self._shown.screen if self._shown else None)
        if level != self._level:
            self._level = level
            self._senses.backlight.shine(level)

    def _click(self) -> None:
        if clicks(self._shown):
            self._senses.buzzer.click()

    def _sound(self, before: Shown | None, now: Shown) -> None:
        if sounded := tones(before, now):
            self._senses.buzzer.play(sounded)
        if not now.manner.is_spoken:
            if before is not None and before.manner.is_spoken:
                self._senses.voice.hush()
            return
        from ui.speech import spoken  # most shops never hear it

        if text := spoken(before, now):
            self._senses.voice.read(text, now.language)

    def _away(self, seconds: int) -> Shown:
        stage, more = Say("front.waiting"), Say("front.waiting.more")
        language = self._shown.language if self._shown else self._language
        manner = self._shown.manner if self._shown else Manner()
        return Shown(Progress(Say("front.title"), stage, seconds, lines=(more,)), language=language, manner=manner)


def _is_other_page(before: Shown | None, now: Shown) -> bool:
    """Another question, not one more digit of the same."""
    if before is None:
        return True
    return type(before.screen) is not type(now.screen) or before.screen.title != now.screen.title


def _asks_another(before: Shown | None, now: Shown) -> bool:
    """Whether a key means another thing now, on a page that looks the same from far."""
    return before is None or any(getattr(before.screen, of, None) != getattr(now.screen, of, None) for of in ASKED)


def _nobody(face: Face) -> None:
    """Nobody waits to hear that it is drawn."""
