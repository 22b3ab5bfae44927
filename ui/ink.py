"""Live ink: points of a finger as the lines to draw. Law: ink reaches the finger at once and is never moved far.

| a point                           | draws                                                                    |
|-----------------------------------|--------------------------------------------------------------------------|
| first                             | a dot                                                                    |
| nearer than LEAST to the last one | nothing, yet: the next one counts, or the lifting                        |
| another                           | an arc around the point before it, then a line to it (terminal/strokes.py) |
| beside the pad                    | on the pad's edge                                                        |

The line that was drawn to a point stays beside the arc around it, no more than CUT pixels away. What is reported are
points in per mille of the pad; painted again, by `segments`, they give the same line within a pixel or two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from terminal.strokes import Point, arc, is_apart, smooth

Area = tuple[int, int, int, int]  # left, top, width, height in pixels; a layout.Rect is one
PER_MILLE = 1000
CUT, LEAST = 2, 2  # pixels


class Segment(NamedTuple):
    """A line to draw, in pixels; a dot where it has no length."""

    x0: int
    y0: int
    x1: int
    y1: int
    width: int


class Ink:
    """One stroke as it grows. `base` is the width in pixels of a pen that feels no pressure."""

    def __init__(self, area: Area, base: int) -> None:
        self._area, self._base, self._width = area, base, 0
        self._kept: list[Point] = []
        self._end: Point | None = None  # too near the last one that was kept

    def add(self, x: int, y: int, pressure: int | None = None) -> tuple[Segment, ...]:
        """The lines that this point adds; `pressure` is 0 to 255."""
        here, kept = _inside(self._area, x, y), self._kept
        if kept and not is_apart(kept[-1], here, LEAST):
            self._end = here
            return ()
        kept.append(here)
        self._end = None
        self._width = pen(pressure, self._base, self._width)
        before = kept[-2] if len(kept) > 1 else here
        turn = arc(kept[-3], before, here, CUT) if len(kept) > 2 else (before,)
        return _joined((*turn, here), self._width)

    @property
    def points(self) -> tuple[Point, ...]:
        """What is reported: per mille of the pad."""
        return tuple(per_mille(self._area, point) for point in self._line())

    @property
    def smoothed(self) -> tuple[Point, ...]:
        """The whole line so far, in pixels."""
        return smooth(self._line(), CUT)

    def _line(self) -> Sequence[Point]:
        """As strokes.thinned has it: the end is kept, in place of the one that it is too near to."""
        if self._end is None or self._end == self._kept[-1]:
            return self._kept
        return (*self._kept[: max(1, len(self._kept) - 1)], self._end)


def segments(area: Area, points: Iterable[Point], width: int) -> tuple[Segment, ...]:
    """A stroke in per mille of the pad, all of it."""
    return _joined(smooth([placed(area, point) for point in points], CUT), width)


def _joined(line: Sequence[Point], width: int) -> tuple[Segment, ...]:
    """One segment for each step, or the dot of a line that is only one point."""
    steps = [(*start, *end) for start, end in pairwise(line) if start != end] or [(*at, *at) for at in line[:1]]
    return tuple(Segment(*step, width) for step in steps)


def pen(pressure: int | None, base: int, before: int) -> int:
    """From half to one and a half of `base`, at most a pixel from the width `before` (0: there was none).

    >>> pen(None, 4, 0), pen(0, 4, 0), pen(255, 4, 0), pen(255, 8, 4)
    (4, 2, 6, 5)
    """
    wanted = base if pressure is None else max(1, (base * (128 + pressure) + 128) // 256)
    return max(before - 1, min(before + 1, wanted)) if before else wanted


def widths(pressures: Iterable[int | None], base: int) -> tuple[int, ...]:
    """The pen at each point of a stroke."""
    found: list[int] = []
    for pressure in pressures:
        found.append(pen(pressure, base, found[-1] if found else 0))
    return tuple(found)


def per_mille(area: Area, point: Point) -> Point:
    """A pixel of the pad as it is reported: its first is 0, its last 1000."""
    left, top, wide, high = area
    x, y = _inside(area, *point)
    return _share(x - left, PER_MILLE, wide - 1), _share(y - top, PER_MILLE, high - 1)


def placed(area: Area, point: Point) -> Point:
    """The pixel of a reported point."""
    left, top, wide, high = area
    x, y = (max(0, min(PER_MILLE, at)) for at in point)
    return left + _share(x, wide - 1, PER_MILLE), top + _share(y, high - 1, PER_MILLE)


def _share(at: int, over: int, under: int) -> int:
    return (2 * at * over + under) // (2 * max(1, under))


def _inside(area: Area, x: int, y: int) -> Point:
    left, top, wide, high = area
    return max(left, min(left + wide - 1, x)), max(top, min(top + high - 1, y))
