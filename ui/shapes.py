"""Signs and pictures drawn as shapes. Law: every tone has a sign of its own, told apart without colour.

| tone    | sign                     |
|---------|--------------------------|
| plain   | i in a disc              |
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

from ui.fonts import Fonts
from ui.layout import Rect
from ui.theme import FIELD, GROUND, HAIRLINE, INK, MUTED, ON_DARK, Colour

Points = Sequence[tuple[int, int]]
OCTAGON: Points = ((30, 0), (70, 0), (100, 30), (100, 70), (70, 100), (30, 100), (0, 70), (0, 30))
TRIANGLE: Points = ((50, 4), (100, 96), (0, 96))
DIAMOND: Points = ((50, 0), (100, 50), (50, 100), (0, 50))
CHECK: Points = ((26, 52), (44, 70), (76, 34))
CROSS: tuple[Points, ...] = (((33, 33), (67, 67)), ((67, 33), (33, 67)))
LETTERS = {"look": ("!", 62), "unknown": ("?", 50), "plain": ("i", 50)}  # letter, height of its middle
PLATES = {"look": TRIANGLE, "unknown": DIAMOND, "wrong": OCTAGON}


def _placed(points: Points, rect: Rect) -> list[tuple[float, float]]:
    return [(rect.x + rect.w * x / 100, rect.y + rect.h * y / 100) for x, y in points]


def sign(surface: pygame.Surface, fonts: Fonts, tone: str, rect: Rect, colour: Colour) -> None:
    """The sign of a tone in its colour."""
    if plate := PLATES.get(tone):
        pygame.draw.polygon(surface, colour, _placed(plate, rect))
    else:
        pygame.draw.circle(surface, colour, (rect.x + rect.w / 2, rect.y + rect.h / 2), rect.w / 2)
    if tone == "ok":
        stroke(surface, _placed(CHECK, rect), ON_DARK, max(2, rect.w // 9))
    elif tone == "wrong":
        for line in CROSS:
            stroke(surface, _placed(line, rect), ON_DARK, max(2, rect.w // 9))
    else:
        letter, middle = LETTERS[tone]
        drawn = fonts.draw(letter, max(8, rect.h * 60 // 100), ON_DARK, True)
        at = (rect.x + (rect.w - drawn.get_width()) // 2, rect.y + rect.h * middle // 100 - drawn.get_height() // 2)
        surface.blit(drawn, at)


def stroke(surface: pygame.Surface, points: Sequence[tuple[float, float]], colour: Colour, width: int) -> None:
    """A line with round ends and joints; a single point is a dot."""
    for start, end in itertools.pairwise(points):
        pygame.draw.line(surface, colour, start, end, width)
    for point in points:
        pygame.draw.circle(surface, colour, point, max(1, width // 2))


def arrow(surface: pygame.Surface, way: str, rect: Rect, colour: Colour) -> None:
    """A triangle that points "up", "down" or "right"."""
    ends: dict[str, Points] = {
        "up": ((50, 10), (95, 90), (5, 90)),
        "down": ((5, 10), (95, 10), (50, 90)),
        "right": ((10, 5), (90, 50), (10, 95)),
    }
    pygame.draw.polygon(surface, colour, _placed(ends[way], rect))


def card_picture(surface: pygame.Surface, way: str, rect: Rect, accent: Colour) -> None:
    """A card at the terminal: going in, coming out, drawn along the stripe reader, or held before the waves."""
    {"swipe": _swiping, "tap": _tapping}.get(way, _slotted)(surface, way, rect, accent)


def _card(surface: pygame.Surface, rect: Rect, accent: Colour) -> None:
    pygame.draw.rect(surface, accent, rect, border_radius=max(2, rect.w // 14))


def _slotted(surface: pygame.Surface, way: str, rect: Rect, accent: Colour) -> None:
    """A card upright below the slot at the terminal's foot; the chip end goes first."""
    unit = rect.h // 20
    wide = rect.h * 42 // 100
    left = rect.x + (rect.w - wide) // 2
    body = Rect(left - unit * 4, rect.y, wide + unit * 8, unit * 8)
    pygame.draw.rect(surface, FIELD, body, border_radius=unit)
    pygame.draw.rect(surface, INK, body, max(2, unit // 3), border_radius=unit)
    card = Rect(left, rect.y + unit * 7, wide, rect.h - unit * 7)
    _card(surface, card, accent)
    pygame.draw.rect(surface, INK, (left - unit, rect.y + unit * 6, wide + unit * 2, max(2, unit)))
    chip = Rect(left + wide // 2 - unit * 3 // 2, card.y + unit * 2, unit * 3, unit * 3)
    pygame.draw.rect(surface, (255, 214, 92), chip, border_radius=max(1, unit // 3))
    pygame.draw.line(surface, INK, (chip.x, chip.y + chip.h // 2), (chip.x + chip.w - 1, chip.y + chip.h // 2))
    head = Rect(left + wide // 2 - unit * 2, card.y + unit * 7, unit * 4, unit * 4)
    arrow(surface, "down" if way == "remove" else "up", head, GROUND)


def _swiping(surface: pygame.Surface, way: str, rect: Rect, accent: Colour) -> None:
    """A card lying in the groove of the stripe reader, moving right."""
    unit = rect.h // 20
    wide = rect.h * 95 // 100
    left = rect.x + (rect.w - wide) // 2
    card = Rect(left + unit * 2, rect.y + unit * 3, wide - unit * 5, unit * 12)
    _card(surface, card, accent)
    pygame.draw.rect(surface, INK, (card.x, card.y + unit * 8, card.w, unit * 2))
    groove = Rect(left, rect.y + unit * 13, wide, unit * 6)
    pygame.draw.rect(surface, FIELD, groove, border_radius=unit)
    pygame.draw.rect(surface, MUTED, groove, max(2, unit // 3), border_radius=unit)
    pygame.draw.line(
        surface, HAIRLINE, (groove.x + unit, groove.y + unit), (groove.x + groove.w - unit, groove.y + unit)
    )
    arrow(surface, "right", Rect(card.x + card.w // 2 - unit * 2, card.y + unit * 2, unit * 4, unit * 4), GROUND)


def _tapping(surface: pygame.Surface, way: str, rect: Rect, accent: Colour) -> None:
    """A card held over the reader's field: four waves rise from the terminal to it."""
    unit = rect.h // 20
    wide = rect.h * 80 // 100
    left = rect.x + (rect.w - wide) // 2
    body = Rect(left, rect.y + unit * 15, wide, unit * 5)
    pygame.draw.rect(surface, FIELD, body, border_radius=unit)
    pygame.draw.rect(surface, INK, body, max(2, unit // 3), border_radius=unit)
    middle, foot = rect.x + rect.w // 2, rect.y + unit * 16
    for reach in (3, 5, 7):
        arc = Rect(middle - unit * reach, foot - unit * reach, unit * reach * 2, unit * reach * 2)
        pygame.draw.arc(surface, INK, arc, math.pi / 4, math.pi * 3 / 4, max(2, unit * 2 // 3))
    _card(surface, Rect(left + unit, rect.y, wide - unit * 2, unit * 7), accent)
    chip = Rect(left + unit * 3, rect.y + unit * 2, unit * 3, unit * 3)
    pygame.draw.rect(surface, (255, 214, 92), chip, border_radius=max(1, unit // 3))
