"""How far a point is from a line of points, for tests of strokes."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, inf

from terminal.strokes import Point

ROUNDING = 0.75  # half a unit each way


def off(point: Point, line: Sequence[Point]) -> float:
    """How far a point is from a line."""
    best = inf
    for (x0, y0), (x1, y1) in zip(line, line[1:] or line, strict=False):
        dx, dy = x1 - x0, y1 - y0
        along = ((point[0] - x0) * dx + (point[1] - y0) * dy) / (dx * dx + dy * dy or 1)
        along = max(0.0, min(1.0, along))
        best = min(best, hypot(point[0] - x0 - along * dx, point[1] - y0 - along * dy))
    return best
