"""Smoothing: it begins and ends where the pen did, and goes no further from its points than it may."""

from __future__ import annotations

from itertools import pairwise
from math import hypot

from hypothesis import given
from hypothesis import strategies as st

from terminal.strokes import MOST, Point, arc, smooth, thinned
from tests.unit.terminal.line_distance import ROUNDING, off

points = st.tuples(st.integers(-300, 300), st.integers(-300, 300))
lines = st.lists(points, min_size=1, max_size=12)
cuts = st.integers(1, 60)


@given(lines, cuts)
def test_it_begins_and_ends_where_the_pen_did(line: list[Point], cut: int) -> None:
    smoothed = smooth(line, cut)
    assert (smoothed[0], smoothed[-1]) == (line[0], line[-1])
    assert all(before != after for before, after in pairwise(smoothed))


@given(lines, cuts)
def test_it_stays_by_the_points(line: list[Point], cut: int) -> None:
    smoothed = smooth(line, cut)
    assert max(off(point, line) for point in smoothed) <= cut + ROUNDING
    assert max(off(point, smoothed) for point in line) <= cut + 2 * ROUNDING


@given(lines, cuts)
def test_it_never_leaves_the_box_of_its_points(line: list[Point], cut: int) -> None:
    for axis in (0, 1):
        along = [point[axis] for point in line]
        assert all(min(along) <= point[axis] <= max(along) for point in smooth(line, cut))


@given(lines, cuts, points)
def test_where_it_is_does_not_matter(line: list[Point], cut: int, way: Point) -> None:
    moved = [(x + way[0], y + way[1]) for x, y in line]
    assert smooth(moved, cut) == tuple((x + way[0], y + way[1]) for x, y in smooth(line, cut))


@given(st.lists(points, min_size=3, max_size=12), cuts)
def test_the_next_point_changes_only_the_last_corner(line: list[Point], cut: int) -> None:
    """Causal: all that was drawn stays, but for the straight piece to the last point."""
    before, after = smooth(line[:-1], cut), smooth(line, cut)
    assert after[: len(before) - 1] == before[:-1]


def test_a_straight_line_stays_straight() -> None:
    assert {y for _, y in smooth([(x, 5) for x in range(0, 90, 9)], 2)} == {5}


def test_a_polygon_becomes_round() -> None:
    """Sixteen corners on a circle of 1000: the sharpest turn becomes at most a quarter of 22.5 degrees."""
    ring = [(1000, 0), (924, 383), (707, 707), (383, 924), (0, 1000), (-383, 924), (-707, 707), (-924, 383), (-1000, 0)]

    def sharpest(line: list[Point] | tuple[Point, ...]) -> float:
        """The least cosine between one step and the next."""
        steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(line)]
        return min((a[0] * b[0] + a[1] * b[1]) / (hypot(*a) * hypot(*b)) for a, b in pairwise(steps))

    assert sharpest(ring) < 0.93
    assert sharpest(smooth(ring, 100)) > 0.995


def test_a_sharp_corner_stays_a_corner() -> None:
    """There and back by 400: within 2 of the point that it was, while half way would be 100 from it."""
    tip = arc((0, 0), (400, 0), (0, 0), 2)
    assert max(x for x, _ in tip) == 398
    assert max(x for x, _ in arc((0, 0), (400, 0), (0, 0), 10_000)) == 300


@given(points, points, points, cuts)
def test_an_arc_has_few_pieces(before: Point, here: Point, after: Point, cut: int) -> None:
    assert 3 <= len(arc(before, here, after, cut)) <= MOST + 1


def test_the_end_is_kept_in_place_of_what_it_is_too_near_to() -> None:
    assert thinned(((0, 0), (10, 0), (11, 0)), 2) == ((0, 0), (11, 0))
    assert thinned(((0, 0), (1, 0)), 2) == ((0, 0), (1, 0))
    assert thinned(((0, 0), (10, 0), (12, 0)), 2) == ((0, 0), (10, 0), (12, 0))


def test_nothing_is_nothing() -> None:
    assert smooth((), 2) == thinned((), 2) == ()


@given(lines, st.integers(1, 40))
def test_thinned_it_keeps_its_ends_and_nothing_is_near(line: list[Point], least: int) -> None:
    kept = thinned(line, least)
    assert (kept[0], kept[-1]) == (line[0], line[-1])
    apart = [hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(kept)]
    assert all(step >= least for step in apart[:-2])
    assert all(min(hypot(x - a, y - b) for a, b in kept) < 2 * least for x, y in line)
