"""Live ink: from the panel's report to the lines, and to the pixels of a touch screen. Budget: 30 ms behind the finger.

Each round is one report of a hand that signs: X, Y, pressure and SYN_REPORT out of the kernel.
"""

from itertools import count
from math import cos, sin
from types import SimpleNamespace

import pytest

from drivers.fingers import ABS_MT_TRACKING_ID, EV_ABS
from drivers.touch import Glass
from ui.ink import Ink, segments

ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_MT_PRESSURE = 0x35, 0x36, 0x3A
PAD, PEN = (16, 330, 448, 186), 4
RANGES = {ABS_MT_POSITION_X: (0, 4095), ABS_MT_POSITION_Y: (0, 4095), ABS_MT_PRESSURE: (0, 255)}
TEN_SECONDS = 10 * 120  # reports


class Panel:
    """A multitouch panel that answers what it is asked."""

    def absinfo(self, axis):
        low, high = RANGES.get(axis, (0, 0))
        return SimpleNamespace(min=low, max=high, value=0)


def signing():
    """A hand that loops from left to right, for ever, as events."""
    yield EV_ABS, ABS_MT_TRACKING_ID, 1
    for step in count():
        yield EV_ABS, ABS_MT_POSITION_X, round(300 + step * 7 % 3400 + 200 * cos(step / 5))
        yield EV_ABS, ABS_MT_POSITION_Y, round(2100 + 350 * sin(step / 5))
        yield EV_ABS, ABS_MT_PRESSURE, 100 + step % 90
        yield 0, 0, 0


def report(glass, events):
    """The points of the next report."""
    while True:
        event = next(events)
        points = glass.on(*event)
        if event == (0, 0, 0):
            return points


@pytest.mark.benchmark(group="live ink, one report")
def test_report_to_segments(benchmark):
    glass, events, ink = Glass(Panel(), 480, 800), signing(), Ink(PAD, PEN)

    def one():
        return [ink.add(point.x, point.y, point.pressure) for point in report(glass, events)]

    assert benchmark(one)


@pytest.mark.benchmark(group="live ink, one report")
def test_report_to_pixels(benchmark):
    """The lines drawn on a surface of 480 by 800, clipped to the pad."""
    import pygame

    surface = pygame.Surface((480, 800), 0, 32)
    surface.set_clip(PAD)
    glass, events, ink = Glass(Panel(), 480, 800), signing(), Ink(PAD, PEN)

    def one():
        for point in report(glass, events):
            for x0, y0, x1, y1, width in ink.add(point.x, point.y, point.pressure):
                pygame.draw.line(surface, 0xFFFFFF, (x0, y0), (x1, y1), width)
                pygame.draw.circle(surface, 0xFFFFFF, (x1, y1), width // 2)

    benchmark(one)
    assert surface.get_bounding_rect()


@pytest.mark.benchmark(group="a stroke painted again")
def test_a_long_stroke_again(benchmark):
    """Ten seconds of drawing in one stroke: what the painter does after the finger is lifted."""
    ink, glass, hand = Ink(PAD, PEN), Glass(Panel(), 480, 800), signing()
    for _ in range(TEN_SECONDS):
        for point in report(glass, hand):
            ink.add(point.x, point.y, point.pressure)
    assert benchmark(segments, PAD, ink.points, PEN)
