"""One connection at the bank's end: in which order what is heard goes out. Law: what is held comes after the next."""

from __future__ import annotations

from simulator.acquirer.faults import Heard


class Channel:
    """Of one connection."""

    def __init__(self) -> None:
        self._held: list[Heard] = []

    def due(self, heard: Heard) -> list[Heard]:
        """What goes out now, one frame each; silence is nothing, and lets what is held wait on."""
        if heard.frame is None:
            return []
        if heard.is_held:
            self._held.append(heard)
            return []
        due = [each for told in (heard, *self._held) for each in _singly(told)]
        self._held.clear()
        return due


def _singly(heard: Heard) -> list[Heard]:
    return [Heard(heard.frame, heard.delay, cut=heard.cut), *(Heard(frame) for frame in heard.more)]
