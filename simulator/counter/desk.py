"""What the page and the plays ask of a counter. Law: JSON-ready values; bad names raise KeyError or ValueError."""

from __future__ import annotations

from typing import Any, Protocol


class CannotShow(Exception):
    """It is there, and this machine cannot show it; a sentence says why."""


class BankDesk(Protocol):
    """The bank behind the counter."""

    def faults(self) -> dict[str, Any]:
        """line, and waiting: the rules in words."""
        ...

    def add_faults(self, script: str) -> None:
        """Raises ValueError with the word that is wrong."""
        ...

    def clear_faults(self) -> None:
        """Nothing waits and the line is up."""
        ...

    def day(self) -> str:
        """The bank's clearing day, YYYY-MM-DD."""
        ...

    def shift_day(self, days: int) -> None: ...

    def expire_keys(self) -> None: ...

    def demand(self, code: str) -> None:
        """Raises ValueError for a code that there is not."""
        ...

    def go_down(self, seconds: float) -> None: ...

    def reconciliation(self, day: str) -> str:
        """The clearing day's CSV."""
        ...

    def signature_png(self, id: int) -> bytes:
        """Raises KeyError, CannotShow."""
        ...


class CounterDesk(Protocol):
    """One counter. `serial` grows with every new screen, `frame` with whatever is to be looked at again."""

    serial: int
    frame: int

    @property
    def bank(self) -> BankDesk: ...

    @property
    def line(self) -> str:
        """up, down, slow, answer_lost or request_lost."""
        ...

    def screen(self) -> dict[str, Any]:
        """kind, title, lines, hint, status, language, theme, is_quiet; sound: serial, and tones in milliseconds;
        speech: serial, and text."""
        ...

    def screen_png(self) -> bytes: ...

    async def changed(self, serial: int, timeout: float) -> int:
        """The newest serial, as soon as it differs from `serial` or the time (seconds) is over."""
        ...

    async def moved(self, frame: int, timeout: float) -> int:
        """The newest frame, as soon as it differs from `frame` or the time (seconds) is over."""
        ...

    def press(self, key: str) -> None: ...

    def touch(self, stroke: list[tuple[int, int]], is_down: bool = False) -> None:
        """Points in pixels of the screen; `is_down`: the finger is not lifted yet."""
        ...

    def turn_into(self, device: str) -> None:
        """Another device class. Raises ValueError for one that there is not."""
        ...

    def scan(self, text: str) -> None:
        """Hold a code before the scanner. Raises ValueError when it keeps it to itself."""
        ...

    def cards(self) -> list[dict[str, Any]]:
        """id, name and note {zh, en}, inserted, bad, kinds of ["insert", "swipe", "tap"]; the everyday ones first."""
        ...

    async def insert(self, id: str) -> None: ...

    async def swipe(self, id: str) -> None: ...

    async def tap(self, id: str) -> None:
        """Raises ValueError when no more can be held there."""
        ...

    async def remove(self) -> None: ...

    def papers(self) -> list[dict[str, Any]]:
        """text and png of each paper, oldest first."""
        ...

    def set_line(self, state: str) -> None: ...

    def set_printer(self, state: str) -> None: ...

    def ledger(self) -> dict[str, Any]: ...

    async def power_cut(self) -> None: ...

    def record(self, is_on: bool) -> None:
        """Begin a film, or end it."""
        ...

    async def film_gif(self) -> bytes:
        """The film so far. Raises FilmEmpty, FilmTooLong (film.py)."""
        ...

    def lessons(self) -> list[dict[str, Any]]:
        """id, card, and name, try, see as {zh, en}."""
        ...

    async def set_up(self, lesson: str) -> None:
        """Raises KeyError."""
        ...

    def prepare(self) -> None:
        """Log in and make a sale, by itself. Raises ValueError with a sentence."""
        ...

    def facts(self) -> dict[str, Any]:
        """cards ("pcscd" or why not), device, body, devices, papers, versions, line, printer, printers, film."""
        ...
