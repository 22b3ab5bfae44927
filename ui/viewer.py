"""Which view of a page is seen, where it takes several. Law: a new page is seen from its beginning; time is handed in.

| what happens                                        | the view                                                      |
|-----------------------------------------------------|---------------------------------------------------------------|
| another page                                        | the first                                                     |
| status, serial, seconds, typed digits change        | stays                                                         |
| up, down                                            | the one above, below; at the end the key is the core's         |
| 2.5 s pass where nobody would press up or down      | the next, after the last the first; not once somebody has      |
"""

from __future__ import annotations

from typing import Protocol

from msgspec.structs import replace

from terminal.screens import Ask, CardPrompt, Notice, PinPad, Progress, Screen, Shown, SignPad, Status

PERIOD = 2.5  # seconds: four lines are read in less
UP, DOWN = "up", "down"


class Viewed(Protocol):
    """Who knows how many views a page takes (ui.painter.Painter)."""

    def views(self, shown: Shown) -> int: ...


class Viewer:
    """The view state of one front."""

    def __init__(self, painter: Viewed) -> None:
        self._painter = painter
        self._shown: Shown | None = None
        self._view, self._waited, self._is_held = 0, 0.0, False

    @property
    def view(self) -> int:
        """The view to paint, 0 the first."""
        return self._view

    def show(self, shown: Shown) -> None:
        """This is what is shown from now on."""
        is_same = self._shown is not None and _page_of(self._shown) == _page_of(shown)
        self._shown = shown
        if is_same:
            self._view = min(self._view, self._last())
        else:
            self._view, self._waited, self._is_held = 0, 0.0, False

    def key(self, key: str) -> bool:
        """Whether the key was used to go to another view, which must be painted."""
        wanted = self._view + {UP: -1, DOWN: 1}.get(key, 0)
        if wanted == self._view or not 0 <= wanted <= self._last():
            return False
        self._view, self._is_held = wanted, True
        return True

    def pulse(self, seconds: float) -> bool:
        """So many seconds have passed since the last pulse; whether another view must be painted."""
        if self._shown is None or self._is_held or not _turns_itself(self._shown.screen) or not self._last():
            return False
        self._waited += seconds
        if self._waited < PERIOD:
            return False
        self._waited = 0.0
        self._view = (self._view + 1) % (self._last() + 1)
        return True

    def _last(self) -> int:
        return max(1, self._painter.views(self._shown)) - 1 if self._shown is not None else 0


def _turns_itself(screen: Screen) -> bool:
    """Where hands are busy, or the keys the vault's; but a code stands still for the camera."""
    return isinstance(screen, Progress | CardPrompt | PinPad) or (isinstance(screen, Notice) and not screen.qr)


def _page_of(shown: Shown) -> Shown:
    """What makes it another page: without all that changes while it stands."""
    return replace(shown, screen=_standing(shown.screen), status=Status(), serial=0)


def _standing(screen: Screen) -> Screen:
    match screen:
        case Ask():
            return replace(screen, value="")
        case Progress():
            return replace(screen, seconds=0)
        case PinPad(count=int()):
            return replace(screen, count=0)
        case SignPad():
            return replace(screen, strokes=())
    return screen
