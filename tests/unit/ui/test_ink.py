"""Live ink: at the finger at once, drawn piece by piece, and the same line when it is painted again."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from math import hypot

from hypothesis import given
from hypothesis import strategies as st

from terminal.dialogue.desk import MOST_POINTS
from terminal.strokes import Point, thinned
from tests.unit.terminal.line_distance import ROUNDING, off
from ui.ink import CUT, LEAST, Ink, Segment, per_mille, placed, segments, widths

PAD = (16, 200, 448, 186)
inside = st.tuples(st.integers(16, 463), st.integers(200, 385))
anywhere = st.tuples(st.integers(-100, 900), st.integers(-100, 900))
pressures = st.one_of(st.none(), st.integers(0, 255))


def drawn(ink: Ink, line: list[Point]) -> list[Segment]:
    return [segment for point in line for segment in ink.add(*point)]


def test_a_dot_a_line_an_arc() -> None:
    ink = Ink(PAD, 4)
    assert ink.add(100, 250) == (Segment(100, 250, 100, 250, 4),)
    assert ink.add(140, 250) == (Segment(100, 250, 140, 250, 4),)
    arc = ink.add(140, 290)
    assert (arc[0].y0, arc[-1]) == (250, Segment(arc[-1].x0, arc[-1].y0, 140, 290, 4))
    assert 100 < arc[0].x0 < 140
    assert len(arc) > 2


@given(st.lists(inside, min_size=1, max_size=12))
def test_the_ink_is_at_the_finger_and_in_one_piece(line: list[Point]) -> None:
    ink, last = Ink(PAD, 4), line[0]
    for point in line:
        for segment in ink.add(*point):
            # an arc begins on the line that is drawn already
            assert off((segment.x0, segment.y0), ink.smoothed) <= CUT + 2 * ROUNDING
            last = segment.x1, segment.y1
        assert hypot(last[0] - point[0], last[1] - point[1]) < LEAST


@given(st.lists(inside, min_size=1, max_size=12))
def test_what_was_drawn_is_never_far_from_the_line_that_it_becomes(line: list[Point]) -> None:
    ink = Ink(PAD, 4)
    live = drawn(ink, line)
    ends = {(x, y) for segment in live for x, y in ((segment.x0, segment.y0), (segment.x1, segment.y1))}
    # when it is lifted next to a point that was kept, this one moves by less than LEAST
    assert max(off(end, ink.smoothed) for end in ends) <= CUT + LEAST + ROUNDING
    assert max(min(off(point, [(s.x0, s.y0), (s.x1, s.y1)]) for s in live) for point in ink.smoothed) <= CUT + LEAST + 1


@given(st.lists(inside, min_size=1, max_size=12))
def test_painted_again_it_is_the_same_line(line: list[Point]) -> None:
    ink = Ink(PAD, 4)
    drawn(ink, line)
    again = segments(PAD, ink.points, 4)
    ends = [(again[0].x0, again[0].y0), *((segment.x1, segment.y1) for segment in again)]
    assert max(off(point, ends) for point in ink.smoothed) <= 2
    assert max(off(point, ink.smoothed) for point in ends) <= 2
    assert {segment.width for segment in again} == {4}


@given(inside)
def test_a_pixel_is_reported_and_placed_on_itself(point: Point) -> None:
    assert placed(PAD, per_mille(PAD, point)) == point


def test_the_corners_of_the_pad_are_the_ends_of_the_scale() -> None:
    assert per_mille(PAD, (16, 200)) == (0, 0)
    assert per_mille(PAD, (463, 385)) == (1000, 1000)
    assert placed(PAD, (-5, 1001)) == (16, 385)


@given(st.lists(anywhere, min_size=1, max_size=12))
def test_beside_the_pad_it_is_drawn_on_its_edge(line: list[Point]) -> None:
    ink = Ink(PAD, 4)
    for segment in drawn(ink, line):
        assert 16 <= min(segment.x0, segment.x1) <= max(segment.x0, segment.x1) <= 463
        assert 200 <= min(segment.y0, segment.y1) <= max(segment.y0, segment.y1) <= 385
    assert all(0 <= at <= 1000 for point in ink.points for at in point)


@given(st.lists(inside, min_size=1, max_size=20))
def test_what_is_reported_is_the_thinned_line(line: list[Point]) -> None:
    ink = Ink(PAD, 4)
    drawn(ink, line)
    assert ink.points == tuple(per_mille(PAD, point) for point in thinned(line, LEAST))


def test_a_pixel_more_is_not_drawn_but_reported() -> None:
    ink = Ink(PAD, 4)
    drawn(ink, [(100, 250), (140, 250)])
    assert ink.add(141, 250) == ()
    assert ink.points == (per_mille(PAD, (100, 250)), per_mille(PAD, (141, 250)))
    assert ink.smoothed[-1] == (141, 250)
    ink.add(160, 250)
    assert ink.points[1:] == (per_mille(PAD, (140, 250)), per_mille(PAD, (160, 250)))


def test_minutes_of_a_slow_hand_stay_small() -> None:
    """Three minutes at 120 reports a second, a finger that creeps to and fro a pixel at a time."""
    ink = Ink(PAD, 4)
    for report in range(3 * 60 * 120):
        ink.add(16 + abs(447 - report % 894), 250)
    assert len(ink.points) <= MOST_POINTS * 6 // 10


def test_a_tap_is_a_dot() -> None:
    assert segments(PAD, [(500, 500)], 3) == (Segment(240, 293, 240, 293, 3),)
    assert segments(PAD, [], 3) == ()


def test_without_a_point_there_is_nothing() -> None:
    assert Ink(PAD, 4).points == Ink(PAD, 4).smoothed == ()


@given(st.lists(pressures, max_size=30), st.integers(1, 12))
def test_the_pen_changes_by_a_pixel_at_a_time(felt: list[int | None], base: int) -> None:
    found = widths(felt, base)
    assert len(found) == len(felt)
    assert all(1 <= width <= (3 * base + 1) // 2 for width in found)
    assert all(abs(after - before) <= 1 for before, after in pairwise(found))


def test_pressure_widens_the_pen() -> None:
    assert widths([None, None], 4) == (4, 4)
    assert widths([0, 255, 255, 255, 255, 0], 4) == (2, 3, 4, 5, 6, 5)
    ink = Ink(PAD, 4)
    live = [*ink.add(100, 250, 0), *ink.add(110, 250, 255), *ink.add(120, 250, 255)]
    assert [segment.width for segment in live] == [2, 3, *[4] * (len(live) - 2)]


def test_it_needs_no_pygame() -> None:
    code = "import sys, ui.ink; sys.exit('pygame' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
