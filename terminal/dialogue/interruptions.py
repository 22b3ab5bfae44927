"""What ends a question otherwise than by its answer. Law: raised at the desk, caught in one place, the menu."""

from __future__ import annotations


class Cancelled(Exception):
    """The merchant pressed cancel."""


class TimedOut(Exception):
    """Nobody pressed anything."""


class Scanned(Exception):
    """Instead of a key; `text` is what the scanner read, "" for what it could not read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
