"""Signs and pictures drawn as shapes. Law: every tone has a sign of its own, told apart without colour.

| tone    | sign                     |
|---------|--------------------------|
| plain   | i in a disc              |
| out     | an arrow back in a disc  |
| ok      | a check in a disc        |
| look    | ! in a triangle          |
| wrong   | a cross in an octagon    |
| unknown | ? in a diamond           |

Points are per cent of the sign's square.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pygame

from ui.device_class import Rect
from ui.theme import CHIP, Colour, Theme

Points = Sequence[tuple[float, float]]
PLATES: dict[str, Points] = {
    "look": ((50, 4), (100, 94), (0, 94)),
    "unknown": ((50, 0), (100, 50), (50, 100), (0, 50)),
    "wrong": ((30, 0), (70, 0), (100, 30), (100, 70), (70, 100), (30, 100), (0, 70), (0, 30)),
}
LINES: dict[str, tuple[Points, ...]] = {
    "plain": (((50, 27),), ((50, 45), (50, 74))),
    "out": (((43, 27), (28, 42), (43, 57)), ((28, 42), (60, 42), (70, 48), (72, 58), (68, 68), (58, 73), (46, 73))),
    "ok": (((27, 52), (44, 69), (75, 34)),),
    "look": (((50, 38), (50, 62)), ((50, 79),)),
    "wrong": (((33, 33), (67, 67)), ((67, 33), (33, 67))),
    "unknown": (((38, 38), (42, 28), (50, 25), (58, 28), (62, 37), (58, 45), (50, 51), (50, 59)), ((50, 74),)),
}
THICK = 10  # of the lines of a sign, per cent of its side


def _placed(points: Points, rect: Rect) -> list[tuple[float, float]]:
    return [(rect.x + rect.w * x / 100, rect.y + rect.h * y / 100) for x, y in points]


def sign(surface: pygame.Surface, tone: str, rect: Rect, colour: Colour, on: Colour) -> None:
    """The sign of a tone: a plate in its colour, with lines on it."""
    if plate := PLATES.get(tone):
        pygame.draw.polygon(surface, colour, _placed(plate, rect))
    else:
        pygame.draw.circle(surface, colour, (rect.x + rect.w / 2, rect.y + rect.h / 2), rect.w / 2)
    for line in LINES[tone]:
        stroke(surface, _placed(line, rect), on, (max(2, rect.w * THICK // 100),))


def stroke(surface: pygame.Surface, points: Points, colour: Colour, widths: Sequence[int]) -> None:
    """A line with round ends and joints; a single point is a dot. `widths`: of each point or one for all."""
    each = widths if len(widths) == len(points) else [widths[0]] * len(points)
    for (start, end), width in zip(itertools.pairwise(points), each[1:], strict=False):
        _thick(surface, start, end, width, colour)
    for point, width in zip(points, each, strict=True):
        if width > 1:
            pygame.draw.circle(surface, colour, point, width / 2)


def _thick(
    surface: pygame.Surface, start: tuple[float, float], end: tuple[float, float], width: int, colour: Colour
) -> None:
    """As thick whichever way it goes, which draw.line is not."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = math.hypot(across, down)
    if width < 2 or not length:
        pygame.draw.line(surface, colour, start, end, width)
        return
    x, y = -down / length * width / 2, across / length * width / 2
    corners = ((start[0] + x, start[1] + y), (end[0] + x, end[1] + y), (end[0] - x, end[1] - y))
    pygame.draw.polygon(surface, colour, (*corners, (start[0] - x, start[1] - y)))


def arrow(surface: pygame.Surface, way: str, rect: Rect, colour: Colour) -> None:
    """A triangle that points "up", "down" or "right"."""
    ends: dict[str, Points] = {
        "up": ((50, 14), (96, 86), (4, 86)),
        "down": ((4, 14), (96, 14), (50, 86)),
        "right": ((14, 4), (86, 50), (14, 96)),
    }
    pygame.draw.polygon(surface, colour, _placed(ends[way], rect))


def step_mark(surface: pygame.Surface, state: str, rect: Rect, colour: Colour) -> None:
    """A step that is "done" (a dot), "now" (a bar) or "next" (a ring)."""
    line = max(1, rect.h // 5) if state == "next" else 0
    pygame.draw.rect(surface, colour, rect, line, border_radius=rect.h // 2)


def card_picture(surface: pygame.Surface, way: str, rect: Rect, accent: Colour, theme: Theme) -> None:
    """A card at the terminal: going in, coming out, drawn along the stripe reader, or held before the waves."""
    {"swipe": _swiping, "tap": _tapping}.get(way, _slotted)(surface, way, rect, accent, theme)


def _card(surface: pygame.Surface, rect: Rect, accent: Colour) -> None:
    pygame.draw.rect(surface, accent, rect, border_radius=max(2, rect.w // 14))


def _device(surface: pygame.Surface, rect: Rect, unit: int, theme: Theme) -> None:
    pygame.draw.rect(surface, theme.field, rect, border_radius=unit)
    pygame.draw.rect(surface, theme.muted, rect, max(2, unit // 3), border_radius=unit)


def _chip(surface: pygame.Surface, rect: Rect, unit: int, theme: Theme) -> None:
    pygame.draw.rect(surface, CHIP, rect, border_radius=max(1, unit // 2))
    middle = rect.y + rect.h // 2
    pygame.draw.line(surface, (120, 90, 20), (rect.x, middle), (rect.x + rect.w - 1, middle), max(1, unit // 4))


def _slotted(surface: pygame.Surface, way: str, rect: Rect, accent: Colour, theme: Theme) -> None:
    """A card upright below the slot at the terminal's foot; the chip end goes first."""
    unit = max(1, rect.h // 20)
    wide = rect.h * 42 // 100
    left = rect.x + (rect.w - wide) // 2
    _device(surface, Rect(left - unit * 4, rect.y, wide + unit * 8, unit * 8), unit, theme)
    card = Rect(left, rect.y + unit * 7, wide, rect.h - unit * 7)
    _card(surface, card, accent)
    pygame.draw.rect(surface, theme.ink, (left - unit, rect.y + unit * 6, wide + unit * 2, max(2, unit)))
    _chip(surface, Rect(left + wide // 2 - unit * 3 // 2, card.y + unit * 2, unit * 3, unit * 3), unit, theme)
    head = Rect(left + wide // 2 - unit * 2, card.y + unit * 7, unit * 4, unit * 4)
    arrow(surface, "down" if way == "remove" else "up", head, theme.on_accent)


def _swiping(surface: pygame.Surface, way: str, rect: Rect, accent: Colour, theme: Theme) -> None:
    """A card lying in the groove of the stripe reader, moving right."""
    unit = max(1, rect.h // 20)
    wide = min(rect.w, rect.h * 95 // 100)
    left = rect.x + (rect.w - wide) // 2
    card = Rect(left + unit * 2, rect.y + unit * 3, wide - unit * 5, unit * 12)
    _card(surface, card, accent)
    pygame.draw.rect(surface, theme.on_accent, (card.x, card.y + unit * 8, card.w, unit * 2))
    groove = Rect(left, rect.y + unit * 13, wide, unit * 6)
    _device(surface, groove, unit, theme)
    ends = ((groove.x + unit, groove.y + unit), (groove.x + groove.w - unit * 2, groove.y + unit))
    pygame.draw.line(surface, theme.ink, *ends, max(2, unit // 2))
    head = Rect(card.x + card.w // 2 - unit * 2, card.y + unit * 2, unit * 4, unit * 4)
    arrow(surface, "right", head, theme.on_accent)


def _tapping(surface: pygame.Surface, way: str, rect: Rect, accent: Colour, theme: Theme) -> None:
    """A card held over the reader's field: four waves rise from the terminal to it."""
    unit = max(1, rect.h // 20)
    wide = min(rect.w, rect.h * 80 // 100)
    left = rect.x + (rect.w - wide) // 2
    _device(surface, Rect(left, rect.y + unit * 15, wide, unit * 5), unit, theme)
    middle, foot = rect.x + rect.w // 2, rect.y + unit * 16
    for reach in (3, 5, 7):
        points = [
            (middle + unit * reach * math.cos(part * math.pi / 16), foot - unit * reach * math.sin(part * math.pi / 16))
            for part in range(4, 13)
        ]
        stroke(surface, points, theme.ink, (max(2, unit * 2 // 3),))
    card = Rect(left + unit, rect.y, wide - unit * 2, unit * 7)
    _card(surface, card, accent)
    _chip(surface, Rect(card.x + unit * 2, rect.y + unit * 2, unit * 3, unit * 3), unit, theme)
