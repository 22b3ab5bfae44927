"""Strokes of a pen, smoothed. Law: a stroke begins and ends where the pen did and never leaves its own points' hull.

| a point           | becomes                                                                                  |
|-------------------|------------------------------------------------------------------------------------------|
| first and last    | itself                                                                                   |
| another           | the arc of a parabola from the line before it to the line after it, from half way at most |
| a sharp corner    | a tighter arc, so that none is further than `cut` from the point that it goes round      |

Only a point's two neighbours count, so a stroke can be drawn while it grows: `arc` is all that the next point changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import isqrt

Point = tuple[int, int]
FEWEST, MOST = 2, 8  # pieces of an arc
PIECE = 4  # units that a piece is long, in between


def smooth(points: Sequence[Point], cut: int) -> tuple[Point, ...]:
    """The stroke through arcs, no point twice in a row; `cut` in units of the points.

    >>> smooth(((0, 0), (8, 0), (8, 8)), 2)
    ((0, 0), (4, 0), (7, 1), (8, 4), (8, 8))
    """
    if not points:
        return ()
    turns = zip(points, points[1:], points[2:], strict=False)
    line = [points[0], *(at for turn in turns for at in arc(*turn, cut)), points[-1]]
    return (line[0], *(after for before, after in pairwise(line) if before != after))


def arc(before: Point, here: Point, after: Point, cut: int) -> tuple[Point, ...]:
    """From the line into `here` to the line out of it.

    The parabola with its corner at `here` comes as near to it as a quarter of the second difference, times how far
    along the lines it begins; that is one half or less.
    """
    into = before[0] - here[0], before[1] - here[1]
    out = after[0] - here[0], after[1] - here[1]
    bend = isqrt((into[0] + out[0]) ** 2 + (into[1] + out[1]) ** 2)
    over, under = (1, 2) if bend <= 8 * cut else (4 * cut, bend)
    reach = max(map(abs, (*into, *out))) * over // under
    pieces = max(FEWEST, min(MOST, reach // PIECE))
    whole = under * pieces * pieces
    line = []
    for piece in range(pieces + 1):
        one, other = over * (pieces - piece) ** 2, over * piece * piece
        x, y = (2 * (one * a + other * b) for a, b in zip(into, out, strict=True))
        line.append((here[0] + (x + whole) // (2 * whole), here[1] + (y + whole) // (2 * whole)))
    return tuple(line)


def thinned(points: Iterable[Point], least: int) -> tuple[Point, ...]:
    """Without those nearer than `least` to the one kept before; the last one is kept, in place of the one before it.

    >>> thinned(((0, 0), (1, 0), (2, 0), (3, 0)), 2)
    ((0, 0), (3, 0))
    """
    kept: list[Point] = []
    last: Point | None = None
    for last in points:
        if not kept or is_apart(kept[-1], last, least):
            kept.append(last)
    if last is not None and kept[-1] != last:
        kept[max(1, len(kept) - 1) :] = [last]
    return tuple(kept)


def is_apart(one: Point, other: Point, least: int) -> bool:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 >= least * least


def dots(start: Point, end: Point) -> Iterator[Point]:
    """Every dot from start to end (Bresenham 1965): the error tells when to step aside."""
    (x, y), (end_x, end_y) = start, end
    run, rise = abs(end_x - x), -abs(end_y - y)
    step_x, step_y = (1 if x < end_x else -1), (1 if y < end_y else -1)
    error = run + rise
    while True:
        yield x, y
        if (x, y) == end:
            return
        doubled = 2 * error
        if doubled >= rise:
            error, x = error + rise, x + step_x
        if doubled <= run:
            error, y = error + run, y + step_y
