"""What a model of printer can do, one TOML file each. Law: what is unknown or wrong is refused with file:line.

| key        | says                                                              | when it is not there        |
|------------|-------------------------------------------------------------------|-----------------------------|
| model      | its name, for people                                              | needed                      |
| paper      | widths: mm, dots across, columns of its font (or of ours)         | any: 12 dots for a column   |
| text       | "gb18030": its own font; "raster": ours, drawn dot by dot         | gb18030                     |
| cutter     | "full", "partial", "none": torn off by hand                       | full                        |
| feed_rows  | rows fed so that the last one stands before the knife             | 6                           |
| status     | "gs-r", "dle-eot", "none", or "": found out by asking             | found out                   |
| near_end   | whether it feels that the roll is nearly over                     | yes: what it says is taken  |
| flow       | "none", "rts-cts", "xon-xoff", of its serial line                 | none                        |
| band_dots  | dot lines of a picture that are sent at once                      | 64                          |
| buffer     | bytes that it can be sent at once                                 | 4096                        |
| speed, dpi | millimetres of paper a second; dots an inch                       | 50, 203                     |

"gs-r" proves that a paper was printed: it is answered after all that was sent before. "dle-eot" is answered at once: a
paper counts as printed when the printer was well for as long as the paper takes. "none" can prove nothing.

>>> profile("generic-58").grid(32)
12
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from terminal.toml_lines import line_of_error, syntax_line

SHIPPED = Path(__file__).parent / "printers"
COLUMN_DOTS = 12  # a column of text, at 203 dpi
LEAST_COLUMN = 8  # dots; our font cannot be read below
RASTER_HEAD = 8  # bytes of GS v 0 before its dots


class ProfileRefused(ValueError):
    """`file:line: reason`, for the tech who wrote it."""


class PaperWidth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One width of roll: millimetres, dots that are printed across, and columns of text."""

    mm: int
    dots: int
    columns: int


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table above."""

    model: str
    paper: tuple[PaperWidth, ...] = ()
    text: Literal["gb18030", "raster"] = "gb18030"
    cutter: Literal["full", "partial", "none"] = "full"
    feed_rows: int = 6
    status: Literal["gs-r", "dle-eot", "none", ""] = ""
    near_end: bool = True
    flow: Literal["none", "rts-cts", "xon-xoff"] = "none"
    band_dots: int = 64
    buffer: int = 4096
    speed: int = 50
    dpi: int = 203

    def __post_init__(self) -> None:
        reason = next((reason for reason, is_wrong in self._faults() if is_wrong), "")
        if reason:
            raise ValueError(reason)

    def _faults(self) -> Iterator[tuple[str, bool]]:
        least = LEAST_COLUMN if self.text == "raster" else COLUMN_DOTS
        widest = max((width.dots for width in self.paper), default=0)
        yield (
            f"paper: a column is {least} dots or more",
            any(width.columns < 1 or width.columns * least > width.dots for width in self.paper),
        )
        yield "paper: dots are a multiple of 4", any(width.dots % 4 for width in self.paper)
        yield "feed_rows: 0 to 255", not 0 <= self.feed_rows <= 255
        yield "band_dots: 8 to 2048", not 8 <= self.band_dots <= 2048
        yield "buffer: 256 or more, and room for a line of dots", self.buffer < max(256, widest // 8 + RASTER_HEAD + 1)
        yield "speed: 5 to 1000 mm/s", not 5 <= self.speed <= 1000
        yield "dpi: 100 to 600", not 100 <= self.dpi <= 600

    def grid(self, columns: int) -> int:
        """Dots of a column on the narrowest roll with so many columns. Raises ValueError when there is none."""
        if not self.paper:
            return COLUMN_DOTS
        fitting = [width for width in self.paper if width.columns >= columns]
        if not fitting:
            known = ", ".join(str(width.columns) for width in self.paper)
            raise ValueError(f"printer.columns {columns} is more than {self.model} has: {known}")
        width = min(fitting, key=lambda width: width.columns)
        return width.dots // width.columns if self.text == "raster" else COLUMN_DOTS

    def seconds(self, dots: int) -> float:
        """How long so many dot lines take to come out."""
        return dots / self.dpi * 25.4 / self.speed


ANY = Profile("any printer")


def shipped() -> tuple[str, ...]:
    """Names of what we ship."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def profile(name: str) -> Profile:
    """By a name of ours, by the path of a file, or "" for any printer. Raises ProfileRefused, ValueError."""
    if not name:
        return ANY
    if "/" in name or name.endswith(".toml"):
        return read(Path(name))
    if name not in shipped():
        raise ValueError(f"printer.profile {name!r} is none of {', '.join(shipped())}, nor a path")
    return read(SHIPPED / f"{name}.toml")


def read(path: Path) -> Profile:
    """Raises ProfileRefused."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileRefused(f"{path}:1: it cannot be read: {type(error).__name__}") from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileRefused(f"{path}:{syntax_line(text, str(error))}: {error}") from None
    try:
        return _parsed(raw)
    except msgspec.ValidationError as error:
        line = line_of_error(text, raw, str(error), _parsed)
        raise ProfileRefused(f"{path}:{line}: {error}") from None


def _parsed(raw: dict[str, Any]) -> Profile:
    return msgspec.convert(raw, Profile)
