"""Marks of a one-bit display, drawn dot by dot. Law: each is told from every other by its outline alone.

| mark             | pixels | stands                              | says                              |
|------------------|--------|-------------------------------------|-----------------------------------|
| ok look wrong unknown | 14x14 | before the headline of a notice | how it ended                      |
| line paper       | 11x11  | at the title's end                  | the line is down, the paper is out |
| up down          | 5x3    | at the end of the first line        | there is more above, below        |
| steps            | 4x14   | at the title's end                  | how far along, one bar a step     |
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from ui.device_class import Rect
from ui.pieces import Plate
from ui.qr import dark_runs
from ui.theme import Colour

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
MARK_WIDE = {"line": 11, "paper": 11, "steps": 4, "arrows": 8}  # pixels, of those at the title's end
MARKS = {
    "ok": """
        .............#
        ............##
        ...........###
        ..........###.
        .........###..
        ........###...
        #......###....
        ##....###.....
        ###..###......
        .######.......
        ..####........
        ...##.........""",
    "look": """
        ......##......
        .....####.....
        .....####.....
        ....##..##....
        ....##..##....
        ...###..###...
        ...###..###...
        ..####..####..
        ..####..####..
        .############.
        .#####..#####.
        ######..######
        ##############""",
    "wrong": """
        ##..........##
        ###........###
        .###......###.
        ..###....###..
        ...###..###...
        ....######....
        .....####.....
        .....####.....
        ....######....
        ...###..###...
        ..###....###..
        .###......###.
        ###........###
        ##..........##""",
    "unknown": """
        ..##########..
        .####....####.
        ###........###
        ###..####..###
        ########..####
        #######..#####
        ######..######
        ######..######
        ######..######
        ##############
        ######..######
        ######..######
        .############.
        ..##########..""",
    "line": """
        #...#....##
        .#.#.....##
        ..#......##
        .#.#..##.##
        #...#.##.##
        ......##.##
        ...##.##.##
        ...##.##.##
        ##.##.##.##
        ##.##.##.##
        ##.##.##.##""",
    "paper": """
        ###########
        #.........#
        #.##...##.#
        #..##.##..#
        #...###...#
        #..##.##..#
        #.##...##.#
        #.........#
        #.........#
        #.#.#.#.#.#
        ##.#.#.#.##""",
    "up": """
        ..#..
        .###.
        #####""",
    "down": """
        #####
        .###.
        ..#..""",
}


@cache
def mark(name: str, x: int, y: int, colour: Colour) -> tuple[Plate, ...]:
    """The mark with its left top at these pixels."""
    plates: list[Plate] = []
    for down, line in enumerate(MARKS[name].split()):
        for start, length in dark_runs(tuple(dot == "#" for dot in line)):
            plates.append(Plate(Rect(x + start, y + down, length, 1), colour))
    return tuple(plates)


def arrows(x: int, colour: Colour, *, is_above: bool, is_below: bool) -> Iterable[Plate]:
    """At the top of the column where there is more above, at its foot where there is more below."""
    if is_above:
        yield from mark("up", x + 1, 3, colour)
    if is_below:
        yield from mark("down", x + 1, 10, colour)


def step_bars(x: int, step: int, steps: int) -> Iterable[Plate]:
    """A column of bars from the top, white where the step is done or under way, a dot where it is to come.

    As many as 14 pixels hold; of more steps it shows the share that is done.
    """
    bars = min(steps, 7)
    done = max(1, step * bars // steps)
    pitch = min(5, 14 // bars)
    top = (16 - pitch * bars + 1) // 2
    for bar in range(bars):
        wide, left = (4, x) if bar < done else (1, x + 1)
        yield Plate(Rect(left, top + bar * pitch, wide, max(1, pitch - 1)), WHITE)


def star_dots(count: int, per_row: int, group: int, pitch: int, rows: int) -> Iterable[Plate]:
    """As many dots as stars, of `rows` rows at the end; a wider gap after each `group` of them, none when it is 0.

    One row is in the middle of the line, two are 8 pixels apart, more are 4.
    """
    top, down = (5, 0) if rows == 1 else (2, 8) if rows == 2 else (0, 4)
    side = min(7, pitch - 1)
    for star in range(count):
        row, column = divmod(star, per_row)
        left = column * pitch + (column // group * 2 if group else 0)
        yield Plate(Rect(left, top + row * down, side, side), BLACK)
